"""The figure of error against parameters shows every network, vote and anchor where it is."""

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "docs" / "studies"))
import against_parameters


@pytest.fixture
def study(tmp_path):
    columns = ["network", "parameters", "test_acc", "test_acc_low", "test_acc_high"]
    rows = [("small", 1000, 0.98, 0.97, 0.985), ("large", 90000, 0.996, 0.995, 0.997)]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "networks.csv")
    pd.DataFrame([("ten", 900000, 0.998)], columns=["vote", "parameters", "test_acc"]).to_csv(
        tmp_path / "votes.csv"
    )
    return tmp_path


def test_every_network_vote_and_anchor_has_its_point_and_name(study):
    rows = against_parameters.networks_of(study)
    anchors = pd.read_csv(against_parameters.ANCHORS)
    figure = against_parameters.draw({"a study": rows}, anchors)
    [axis] = figure.axes
    points = {
        (round(float(x)), round(float(y), 6))
        for line in axis.lines
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    }
    expected = {(1000, 2.0), (90000, 0.4), (900000, 0.2)}
    expected |= {
        (row.parameters, round(100 * (1 - row.accuracy), 6)) for row in anchors.itertuples()
    }
    assert points == expected
    names = {text.get_text() for text in axis.texts}
    assert names == {"small", "large", "vote ten", *anchors["name"]}
    assert axis.get_xscale() == axis.get_yscale() == "log"
    ends = [tuple(sorted(segment[:, 1])) for segment in axis.collections[0].get_segments()]
    assert ends[0] == pytest.approx((1.5, 3.0)) and ends[1] == pytest.approx((0.3, 0.5))
