"""The test images that most seeds of a network get wrong."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from blocklab.report.aggregation import Predictions

COLUMNS = (
    "network", "image", "true_class", "predicted_class", "seeds", "seeds_wrong", "seeds_agreeing",
    "probability",
)  # fmt: skip


def tabulate_misses(predictions: Mapping[str, Predictions]) -> pd.DataFrame:
    """Return a row of COLUMNS for every network and test image that most of its seeds get wrong.

    image is its position among the prepared test images, predicted_class what most of the seeds
    that are wrong take it for, the lower class in a tie, seeds_agreeing how many do, and
    probability the mean of what these give that class. Within a network, images that more seeds get
    wrong come first, then those on which more agree, then those of which they are surer.
    """
    tables = [_misses(network, predicted) for network, predicted in predictions.items()]
    return pd.concat(tables, ignore_index=True)


def _misses(network: str, predicted: Predictions) -> pd.DataFrame:
    wrong = ~predicted.correct
    images = np.flatnonzero(wrong.sum(axis=0) * 2 > len(wrong))
    rows = []
    for image in images:
        said, times = np.unique(predicted.classes[wrong[:, image], image], return_counts=True)
        most = times.argmax()
        agreeing = predicted.classes[:, image] == said[most]
        rows.append(
            {
                "network": network,
                "image": image,
                "true_class": predicted.labels[image],
                "predicted_class": said[most],
                "seeds": len(wrong),
                "seeds_wrong": times.sum(),
                "seeds_agreeing": times[most],
                "probability": predicted.probabilities[agreeing, image].mean(),
            }
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.sort_values(
        ["seeds_wrong", "seeds_agreeing", "probability", "image"],
        ascending=[False, False, False, True],
    )
