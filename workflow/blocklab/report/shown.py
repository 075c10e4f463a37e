"""Which networks a page shows, in which order, and which two of them it compares."""

from collections.abc import Collection

import pandas as pd

MOST = 40  # rows that a table can have and still be looked through
BEST = 12  # of more networks than that, so many are shown, and the baseline


def ranked(networks: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of networks.csv, the most accurate first, as they are chosen."""
    order = ["validation_acc", "test_acc"]
    return networks.sort_values(order, ascending=False, kind="stable")


def baseline_and_best(networks: pd.DataFrame) -> tuple[str, str]:
    """Return the names of these two, from networks.csv's columns network, baseline and best."""
    baseline, best = (
        networks.loc[networks[role], "network"].iloc[0] for role in ("baseline", "best")
    )
    return baseline, best


def hidden_networks(networks: pd.DataFrame) -> frozenset[str]:
    """Return the names of the networks that are not shown; networks: networks.csv.

    Of more than MOST all but the baseline and the BEST by the order of the ranking.
    """
    if len(networks) <= MOST:
        return frozenset()
    others = networks[~networks["baseline"] & ~networks["best"]]
    return frozenset(ranked(others)["network"].iloc[BEST - 1 :])


def without(table: pd.DataFrame, hidden: Collection[str]) -> pd.DataFrame:
    """Return the rows of a table that are about none of these networks."""
    keys = [key for key in ("network", "network_a", "network_b") if key in table]
    if not hidden:
        return table
    return table[~table[keys].isin(hidden).any(axis=1)].reset_index(drop=True)
