"""The tables that the page's charts are drawn from."""

from typing import Any

import pandas as pd

from blocklab.report.page.embedding import columns

OF_NETWORKS = [
    "network", "baseline", "best", "seeds", "test_acc", "test_acc_low", "test_acc_high",
    "parameters", "flops", "bytes_moved", "seconds_per_epoch", "peak_memory_bytes",
]  # fmt: skip
OF_HISTORIES = [
    "network", "seed", "epoch", "acc", "loss", "validation_acc", "validation_loss",
]  # fmt: skip


def tables_for_page(
    networks: pd.DataFrame, histories: pd.DataFrame, **others: pd.DataFrame
) -> dict[str, Any]:
    """Return what the charts need of networks.csv, histories.csv and others, as lists by column."""
    tables = {"networks": networks[OF_NETWORKS], "histories": histories[OF_HISTORIES]} | others
    return {name: columns(table) for name, table in tables.items()}
