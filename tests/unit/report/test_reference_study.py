"""Documents say what the reference study's tables hold; its arrays are those of the tables."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from blocklab.report.aggregation import read_networks
from blocklab.report.statistics import prediction_interval
from blocklab.report.words import interval, p_text, percent

ROOT = Path(__file__).parents[3]
STUDY = ROOT / "docs" / "reference-study"


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    return pd.read_csv(STUDY / "runs.csv")


def test_the_readme_says_what_the_reference_study_gives(runs):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| \**(\w+)\**: [^|]*\| (.*) \|$", readme, re.M)
    networks = read_networks(STUDY / "networks.csv").sort_values("test_acc", ascending=False)
    worst = runs.groupby("network")["test_acc"].min()
    assert shown == [
        (
            row["network"],
            f"{interval(row, 'test_acc')} | {percent(worst[row['network']])} | "
            f"{'–' if row['best'] else p_text(row['p_value'])[2:].removeprefix('= ')} | "
            f"{row['parameters']:,.0f}",
        )
        for _, row in networks.iterrows()
    ]


def test_the_page_on_the_homework_says_what_the_reference_study_gives(runs):
    runs = runs.groupby("network")
    page = (ROOT / "docs" / "homework.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| (0.\d+) \| (.*) \| (\S+) to (\S+) \| inside \|$", page, re.M)
    assert len(rows) == 5
    for name, theirs, of_seeds, *shown in rows:
        ours = runs.get_group(name)["test_acc"]
        assert of_seeds == f"{ours.mean():.4f} | {ours.std():.4f} | {ours.min():.4f}"
        low, high = prediction_interval(ours.to_numpy())
        assert [f"{low:.4f}", f"{min(high, 1):.4f}"] == shown
        assert low <= float(theirs) <= high


def test_predictions_and_maps_are_those_of_the_tables(runs):
    with (
        np.load(STUDY / "predictions.npz") as predictions,
        np.load(STUDY / "attributions.npz") as attributions,
    ):
        for name, rows in runs.groupby("network"):
            right = predictions[f"predicted_{name}"] == predictions["labels"]
            assert list(predictions["seeds"]) == list(rows["seed"])
            assert right.mean(axis=1) == pytest.approx(rows["test_acc"].to_numpy(), abs=1e-9)
            maps = attributions[f"maps_{name}"]
            assert maps.dtype == np.float16
            assert maps.shape == (len(rows), *attributions["images"].shape)
            assert np.isfinite(maps).all() and not maps[:, attributions["images"] == 0].any()
