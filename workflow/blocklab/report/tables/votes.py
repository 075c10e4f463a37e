"""The soft votes: who votes, and how accurate they are together."""

import pandas as pd

from blocklab.report.words import interval, join, percent


def vote_table(votes: pd.DataFrame) -> pd.DataFrame:
    """Return a row per vote of votes.csv, in the order of the config."""
    return pd.DataFrame(
        {
            "vote": votes["vote"],
            "of": [join(networks.split()) for networks in votes["networks"]],
            "voters": votes["runs"].map("{:,}".format),
            "parameters, all together": votes["parameters"].map("{:,.0f}".format),
            "accuracy, validation images": votes["validation_acc"].map(percent),
            "accuracy, test images (95 % interval)": [
                interval(row, "test_acc") for _, row in votes.iterrows()
            ],
            "cross-entropy, test images (nats)": votes["test_cross_entropy"].map("{:.4f}".format),
        }
    )
