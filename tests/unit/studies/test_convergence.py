"""When networks reached a level, by hand."""

import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[3] / "docs" / "studies"))
import convergence

HISTORIES = pd.DataFrame(
    [
        ("small", 0, 1, 0.5, 2.0), ("small", 0, 2, 0.9, 2.0), ("small", 0, 3, 0.8, 2.0),
        ("small", 1, 1, 0.9, 3.0), ("small", 1, 2, 0.9, 3.0), ("small", 1, 3, 1.0, 3.0),
        ("deep", 0, 1, 0.1, 9.0), ("deep", 0, 2, 0.1, 9.0), ("deep", 0, 3, 0.95, 9.0),
        ("deep", 1, 1, 0.1, 9.0), ("deep", 1, 2, 0.1, 9.0), ("deep", 1, 3, 0.1, 9.0),
    ],
    columns=["network", "seed", "epoch", "validation_acc", "seconds"],
)  # fmt: skip


def test_the_first_time_counts_and_seeds_that_never_do_are_told():
    rows = convergence.table(HISTORIES, [0.9, 0.99]).set_index("network")
    # Seed 0 after 2 epochs and 4 s, seed 1 after one and 3 s.
    assert rows.loc["small", "until 90 %"] == "1.5 epochs, 4 s"
    assert rows.loc["small", "until 99 %"] == "3.0 epochs, 9 s (1 of 2 seeds)"
    assert rows.loc["deep", "until 90 %"] == "3.0 epochs, 27 s (1 of 2 seeds)"
    assert rows.loc["deep", "until 99 %"] == "never"
    assert rows["after the last epoch"].tolist() == ["90.00 %", "52.50 %"]


def test_a_network_may_have_fewer_epochs():
    fewer = HISTORIES[(HISTORIES["network"] == "small") | (HISTORIES["epoch"] < 3)]
    rows = convergence.table(fewer, [0.9])
    assert rows["after the last epoch"].tolist() == ["90.00 %", "10.00 %"]
