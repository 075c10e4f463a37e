"""The table of soft votes, by hand."""

import numpy as np
import pandas as pd
import pytest

from blocklab.files import write_arrays
from blocklab.report.votes import tabulate_votes

LABELS = np.array([0, 1])
# Two voters are sure and wrong of the second image, together less than the third is sure and right.
VOTERS = {
    "a": [[[0.9, 0.1], [0.6, 0.4]], [[0.8, 0.2], [0.6, 0.4]]],
    "b": [[[0.4, 0.6], [0.1, 0.9]]],
}


@pytest.fixture
def predictions(tmp_path):
    """Return the files of two seeds of a and one of b."""
    files = {}
    for name, seeds in VOTERS.items():
        for seed, shares in enumerate(seeds):
            path = tmp_path / name / str(seed) / "predictions.npz"
            path.parent.mkdir(parents=True)
            nothing = np.empty((0, 2), np.float32), np.empty(0, np.int64)
            logits = np.log(np.array(shares, np.float32)) + 3
            write_arrays(
                path, test_logits=logits, test_labels=LABELS,
                validation_logits=nothing[0], validation_labels=nothing[1],
            )  # fmt: skip
            files.setdefault(name, []).append(path)
    return files


RUNS = pd.DataFrame({"network": ["a", "a", "b"], "parameters": [100, 100, 7]})


def test_votes_are_tabulated_with_all_that_vote(predictions):
    table = tabulate_votes({"all": ["a", "b"], "alone": ["a"]}, predictions, RUNS)
    together, alone = table.to_dict("records")
    assert [together[key] for key in ("vote", "networks", "runs", "parameters")] == [
        "all", "a b", 3, 207,
    ]  # fmt: skip
    assert (together["test_acc"], alone["test_acc"]) == (1.0, 0.5)
    assert together["test_cross_entropy"] == pytest.approx(-np.log([0.7, 1.7 / 3]).mean())
    assert alone["parameters"] == 200
    assert np.isnan(together["validation_acc"])
    assert 0 < alone["test_acc_low"] < 0.5 < alone["test_acc_high"] < 1


def test_without_votes_the_table_has_its_columns(predictions):
    table = tabulate_votes({}, predictions, RUNS)
    assert table.empty and "test_acc" in table
