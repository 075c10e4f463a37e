"""The figure of depths, where a depth that needs no other number of epochs serves twice."""

import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[3] / "docs" / "studies"))
import depths

NAMES = ["deep_1", "deep_1_seconds", "deep_2", "exp3"]
NETWORKS = pd.DataFrame(
    {
        "network": NAMES,
        "seeds": 2,
        "test_acc": [0.90, 0.91, 0.92, 0.97],
        "test_acc_low": [0.89, 0.90, 0.91, 0.96],
        "test_acc_high": [0.91, 0.92, 0.93, 0.98],
    }
)
RUNS = pd.DataFrame({"network": NAMES, "seed": 0, "test_acc": NETWORKS["test_acc"]})


def test_a_depth_without_a_network_of_its_own_stands_in_both():
    parts = depths.by_training(NETWORKS)
    assert [*parts["ten epochs"]["network"]] == ["deep_1", "deep_2"]
    assert [*parts["equally many seconds"]["network"]] == ["deep_1_seconds", "deep_2"]


def test_the_figure_has_the_errors_by_depth():
    figure = depths.draw(NETWORKS, RUNS)
    [line] = [line for line in figure.axes[1].lines if line.get_label() == "deep"]
    assert [*line.get_xdata()] == [1, 2]
    assert line.get_ydata().round(6).tolist() == [9, 8]
    assert figure.axes[0].yaxis_inverted()
