"""Many runs become the tables of the study."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import softmax

from blocklab.report.statistics import difference_p_value, holm, mean_interval, proportion_interval

MEASURED = (
    "acc", "loss", "validation_acc", "validation_loss", "validation_cross_entropy",
    "test_acc", "test_loss", "test_cross_entropy",
)  # fmt: skip
JOB_RESOURCES = (
    "wall_seconds", "cpu_seconds", "peak_memory_bytes", "gpu_utilisation_percent",
    "gpu_memory_access_percent", "gpu_samples", "gpu_allocated_bytes", "gpu_reserved_bytes",
    "device", "threads",
)  # fmt: skip


class Predictions(NamedTuple):
    """What the seeds of one network made of the test images.

    classes: int [S, N], what each seed takes each image for, probabilities: float [S, N], what it
    gives this class, and labels: int [N], what the image is. confusion: int64 [S, K, K], how many
    images of a class (row) were taken for a class (column).
    """

    classes: np.ndarray
    probabilities: np.ndarray
    labels: np.ndarray
    confusion: np.ndarray

    @property
    def correct(self) -> np.ndarray:
        """bool [S, N], which images each seed got right."""
        return self.classes == self.labels


def by_network(networks: Iterable[str], paths: Iterable[str]) -> dict[str, list[Path]]:
    """Return the paths of each network's seeds, given the network of every path."""
    found: dict[str, list[Path]] = {}
    for network, path in zip(networks, paths, strict=True):
        found.setdefault(network, []).append(Path(path))
    return found


def collect_runs(
    metrics: Iterable[Path], histories: Iterable[Path], resources: Iterable[Path]
) -> pd.DataFrame:
    """Return one row per network and seed; the arguments are parallel, a file of every seed each.

    seconds_per_epoch is the median over a seed's epochs, seconds_per_image that divided by the
    number of training images. The other resources are those of the whole job: seeds that were
    trained together share them.
    """
    tables = []
    for measured, epochs, used in zip(metrics, histories, resources, strict=True):
        table, history = pd.read_csv(measured), pd.read_csv(epochs)
        job = json.loads(Path(used).read_text(encoding="utf-8"))
        table["seconds_per_epoch"] = history["seconds"].median()
        table["seconds_per_image"] = table["seconds_per_epoch"] / job["training_images"]
        tables.append(table.assign(**{name: job[name] for name in JOB_RESOURCES}))
    return pd.concat(tables, ignore_index=True)


def collect_histories(histories: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
    """Return the rows of every network's history.csv, with the network in front."""
    tables = {network: pd.concat(map(pd.read_csv, paths)) for network, paths in histories.items()}
    return pd.concat(tables, names=["network"]).reset_index("network").reset_index(drop=True)


def collect_predictions(paths: Iterable[Path]) -> Predictions:
    """Return what one network's seeds predicted, from the predictions.npz of each in order."""
    classes, probabilities, confusion = [], [], []
    for path in paths:
        with np.load(path) as file:
            logits = file["test_logits"]
            classes.append(logits.argmax(axis=1).astype(np.int32))
            probabilities.append(softmax(logits, axis=1).max(axis=1))
            labels = file["test_labels"]
            confusion.append(file["test_confusion"])
    return Predictions(*map(np.stack, (classes, probabilities)), labels, np.stack(confusion))


def tabulate_confusion(predictions: Mapping[str, Predictions]) -> pd.DataFrame:
    """Return network, true_class, predicted_class and the images for which that is so.

    Images are counted once per seed; zeros have rows too.
    """
    tables = []
    for network, predicted in predictions.items():
        images = predicted.confusion.sum(axis=0)
        true, taken_for = np.indices(images.shape)
        columns = {
            "true_class": true.ravel(),
            "predicted_class": taken_for.ravel(),
            "images": images.ravel(),
        }
        tables.append(pd.DataFrame({"network": network} | columns))
    return pd.concat(tables, ignore_index=True)


def never_predicted(confusion: np.ndarray) -> str:
    """Return the classes that at least one seed takes no test image for, as text: '5 7'.

    confusion: [S, K, K]. A class without test images is left out: it could not be recognised.
    """
    missed = (confusion.sum(axis=1) == 0) & (confusion.sum(axis=2) > 0)
    return " ".join(map(str, np.flatnonzero(missed.any(axis=0))))


def read_networks(path: str | Path) -> pd.DataFrame:
    """Return networks.csv; never_predicted is text, whatever it looks like."""
    table = pd.read_csv(path, dtype={"never_predicted": str})
    return table.fillna({"never_predicted": ""})


def summarise_networks(
    runs: pd.DataFrame, predictions: Mapping[str, Predictions], baseline: str
) -> pd.DataFrame:
    """Return one row per network, in the order of `predictions`: means, 95 % intervals, the best.

    With several seeds an interval is `statistics.mean_interval` over seeds. With one seed it is,
    for test accuracy alone, Wilson's interval over the test images; other limits are NaN.
    test_acc_sd is the standard deviation over seeds. difference is the test accuracy minus the best
    network's, with its interval paired by seed; p_value tests it, Holm-corrected. Both are NaN for
    the best. never_predicted: see there.
    """
    correct = {network: predicted.correct for network, predicted in predictions.items()}
    best = choose_best(runs, baseline)
    rows = []
    for network in correct:
        group = runs[runs["network"] == network]
        row: dict[str, object] = {
            "network": network,
            "baseline": network == baseline,
            "best": network == best,
            "seeds": len(group),
        }
        images = int(group["test_images"].iloc[0])
        for name in MEASURED:
            least_spread = 1 / images if name == "test_acc" else 0.0
            mean, low, high = mean_interval(group[name].to_numpy(), least_spread)
            if name == "test_acc" and len(group) == 1:
                low, high = proportion_interval(mean, images)
            most = 1.0 if name.endswith("acc") else np.inf
            low, high = np.clip([low, high], 0.0, most)  # which Student's interval may leave
            row |= {name: mean, f"{name}_low": low, f"{name}_high": high}
        row["test_acc_sd"] = group["test_acc"].std(ddof=1)
        rest = group.columns.drop([*MEASURED, "network", "seed"])
        rows.append(row | {name: _typical(group[name]) for name in rest})
    table = pd.DataFrame(rows)
    others = [network for network in correct if network != best]
    p_values = holm([difference_p_value(correct[best], correct[other]) for other in others])
    differences = {
        network: np.clip(
            mean_interval(
                correct[network].mean(axis=1) - correct[best].mean(axis=1),
                least_spread=1 / correct[best].shape[1],
            ),
            -1.0,
            1.0,
        )
        for network in others
    }
    for position, column in enumerate(("difference", "difference_low", "difference_high")):
        table[column] = [
            differences[network][position] if network in differences else np.nan
            for network in table["network"]
        ]
    table["p_value"] = table["network"].map(dict(zip(others, p_values, strict=True)))
    table["never_predicted"] = [never_predicted(predictions[name].confusion) for name in correct]
    return table


def choose_best(runs: pd.DataFrame, baseline: str) -> str:
    """Return the candidate with the highest mean validation accuracy; ties go to the smaller.

    Without a validation split, test accuracy decides, as it did in the homework.
    """
    candidates = runs[runs["network"] != baseline].groupby("network")
    table = candidates.agg(
        score=(selection_column(runs), "mean"), parameters=("parameters", "first")
    )
    table = table.sort_values(["score", "parameters"], ascending=[False, True], kind="stable")
    return str(table.index[0])


def selection_column(table: pd.DataFrame) -> str:
    """Return the column that the best network is chosen on."""
    return "test_acc" if table["validation_acc"].isna().any() else "validation_acc"


def _typical(values: pd.Series) -> object:
    """Return the one value that all seeds share, or else the mean; NaN for texts that differ."""
    if values.nunique(dropna=False) == 1:
        return values.iloc[0]
    return values.mean() if pd.api.types.is_numeric_dtype(values) else np.nan
