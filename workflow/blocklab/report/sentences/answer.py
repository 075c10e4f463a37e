"""The study's answer in three plain lines, for the end of a run."""

from typing import TYPE_CHECKING

from blocklab.report.sentences.verdict import verdict
from blocklab.report.words import count, percent

if TYPE_CHECKING:  # a run's last lines are not to wait for imports
    import pandas as pd


def answer(networks: "pd.DataFrame", page: str) -> list[str]:
    """Return the best network, the baseline beside it, and where to read on: a line each.

    networks: networks.csv. page: the path of the page. The interval is the 95 % one of the table.
    """
    best = networks[networks["best"]].iloc[0]
    baseline = networks[networks["baseline"]].iloc[0]
    candidates = int((~networks["baseline"]).sum())
    who = "Beside the baseline" if candidates == 1 else f"Best of {count(candidates, 'network')}"
    return [
        f"{who}: {best['network']}, {_accuracy(best)} of {best['test_images']:,.0f} test images "
        "right",
        f"Baseline: {baseline['network']}, {_accuracy(baseline)}: {verdict(baseline, best)}",
        f"Read on: {page}",
    ]


def _accuracy(row: "pd.Series") -> str:
    limits = f"{100 * row['test_acc_low']:.2f} to {100 * row['test_acc_high']:.2f}"
    return f"{percent(row['test_acc'])} (95 % interval {limits})"
