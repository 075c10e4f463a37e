"""How far the attributions can be believed."""

import pandas as pd

from blocklab.report.words import percent


def explanations(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row per network from explanations.csv."""
    return pd.DataFrame(
        {
            "network": table["network"],
            "seed": table["seed"],
            "images": table["images"].map("{:,}".format),
            "median error of completeness": table["completeness_median"].map(percent),
        }
    )
