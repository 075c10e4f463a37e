"""How far the attributions can be believed."""

import pandas as pd

from blocklab.report.words import DASH, percent


def explanations(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row per network from explanations.csv."""
    return pd.DataFrame(
        {
            "network": table["network"],
            "images": table["images"].map("{:,}".format),
            "median error of completeness": table["completeness_error"].map(percent),
            "agreement with the baseline": [_number(x, "{:+z.2f}") for x in table["agreement"]],
            "the same, untrained": [_number(x, "{:+z.2f}") for x in table["agreement_untrained"]],
        }
    )


def _number(value: float, form: str) -> str:
    return DASH if pd.isna(value) else form.format(value)
