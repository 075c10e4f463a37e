"""Which networks a page shows: all of them, or of very many those that matter most."""

from collections.abc import Collection

import pandas as pd

MOST = 40  # rows that a table can have and still be looked through
BEST = 12  # of more networks than that, so many are shown, and the baseline


def hidden_networks(networks: pd.DataFrame) -> frozenset[str]:
    """Return the names of the networks that are not shown; networks: networks.csv.

    Of more than MOST all but the baseline and the BEST by the order of the ranking.
    """
    if len(networks) <= MOST:
        return frozenset()
    others = networks[~networks["baseline"] & ~networks["best"]]
    ranked = others.sort_values(["validation_acc", "test_acc"], ascending=False, kind="stable")
    return frozenset(ranked["network"].iloc[BEST - 1 :])


def without(table: pd.DataFrame, hidden: Collection[str]) -> pd.DataFrame:
    """Return the rows of a table that are about none of these networks."""
    keys = [key for key in ("network", "network_a", "network_b") if key in table]
    if not hidden:
        return table
    return table[~table[keys].isin(hidden).any(axis=1)].reset_index(drop=True)
