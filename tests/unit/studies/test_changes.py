"""What changes were worth, by hand."""

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "docs" / "studies"))
import changes

RUNS = pd.DataFrame(
    [
        ("old", 0, 0.90, 0.5, 2.0, 100), ("old", 1, 0.92, 0.5, 2.0, 100),
        ("new", 0, 0.94, 0.4, 3.0, 120), ("new", 1, 0.94, 0.4, 5.0, 120),
        ("new", 2, 0.10, 0.4, 5.0, 120),
    ],
    columns=["network", "seed", "test_acc", "validation_acc", "seconds_per_epoch", "parameters"],
).assign(test_images=100)  # fmt: skip
CHANGES = pd.DataFrame([("new", "old", "wider")], columns=["network", "instead_of", "change"])


def test_a_change_is_paired_by_the_seeds_that_both_have():
    [row] = changes.worth(RUNS, CHANGES).to_dict("records")
    # Differences 4 and 2 points: mean 3, and Student's t of 12.706 times sd / sqrt(2) = 1.
    assert row["worth, points (95 % interval)"] == "+3.00 (-9.71 to +15.71)"
    assert row["accuracy, test images"] == "94.00 %"
    assert row["time of an epoch"] == "x 2.00" and row["parameters"] == "120"


def test_choices_are_judged_on_validation_images():
    [row] = changes.worth(RUNS, CHANGES, "validation").to_dict("records")
    assert row["worth, points (95 % interval)"].startswith("-10.00")


def test_a_network_without_runs_is_an_error():
    with pytest.raises(KeyError, match="newer"):
        changes.worth(RUNS, CHANGES.replace("new", "newer"))
