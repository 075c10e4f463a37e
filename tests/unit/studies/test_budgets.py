"""Which block wins under which budget, by hand."""

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "docs" / "studies"))
import budgets

NETWORKS = pd.DataFrame(
    [
        ("conv_parameters", 0.99, 1000, 2e6, 3.0), ("csp_parameters", 0.98, 1010, 3e6, 9.0),
        ("conv_flops", 0.99, 900, 2e6, 3.0), ("csp_flops", 0.97, 800, 2.1e6, 7.0),
        ("conv_seconds", 0.96, 990, 2e6, 3.0), ("csp_seconds", 0.97, 300, 1e6, 3.2),
        ("exp3", 0.90, 1, 1.0, 1.0),
    ],
    columns=["network", "test_acc", "parameters", "flops", "seconds_per_epoch"],
).assign(seeds=2, test_images=100)  # fmt: skip
NETWORKS["test_acc_low"], NETWORKS["test_acc_high"] = NETWORKS["test_acc"] - 0.01, 0.995
RUNS = pd.DataFrame(
    [
        (row.network, seed, row.test_acc + shift)
        for row in NETWORKS.itertuples()
        for seed, shift in ((0, 0.001), (1, -0.001))
    ],
    columns=["network", "seed", "test_acc"],
)


def test_every_budget_has_every_block_in_one_order():
    parts = budgets.by_budget(NETWORKS)
    assert [*parts] == ["parameters", "flops", "seconds"]
    assert all([*rows["block"]] == ["conv", "csp"] for rows in parts.values())


def test_a_block_that_a_budget_lacks_is_an_error():
    with pytest.raises(ValueError, match="csp"):
        budgets.by_budget(NETWORKS[NETWORKS["network"] != "csp_flops"])


def test_the_table_names_the_best_of_each_budget_first():
    rows = budgets.table(NETWORKS, RUNS)
    assert [*rows["block"]] == ["conv", "csp", "conv", "csp", "csp", "conv"]
    behind = rows["points behind the best (95 % interval)"]
    # Both seeds are as far behind, so they spread by an image: 12.706 times 1 / sqrt(2) points.
    assert behind[1] == "1.00 (-7.98 to 9.98)" and behind[0] == "–"
    assert rows["million FLOPs"][3] == "2.10"


def test_the_figure_says_what_each_budget_was():
    figure = budgets.draw(NETWORKS, RUNS)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[0] == "equal parameters\n1,000 to 1,010"
    assert titles[2] == "equal training time\n3.0 to 3.2 s an epoch"
    bold = [
        text.get_text()
        for axes in figure.axes
        for text in axes.texts
        if text.get_fontweight() == "bold"
    ]
    assert bold == ["99.00", "99.00", "97.00"]
