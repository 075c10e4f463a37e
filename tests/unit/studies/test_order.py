"""The order of networks in two studies: known orders, and what few seeds leave open."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[3] / "docs" / "studies"))
import order

NAMES = list("abcdef")


def study(means, spread: float, seeds: int = 5) -> pd.DataFrame:
    offsets = spread * stats.zscore(np.arange(seeds), ddof=1)
    return pd.DataFrame({name: mean + offsets for name, mean in zip(NAMES, means, strict=False)})


def test_sure_orders_have_narrow_intervals():
    first = study([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], 1e-4)
    assert order.rank_correlation(first, first) == (1.0, 1.0, 1.0)
    assert order.rank_correlation(first, -first) == pytest.approx((-1.0, -1.0, -1.0))
    swapped = study([0.8, 0.9, 0.7, 0.6, 0.5, 0.4], 1e-4)
    # Spearman's: 1 - 6 (1 + 1) / (6 * 35).
    assert order.rank_correlation(first, swapped)[0] == pytest.approx(1 - 12 / 210)


def test_seeds_that_differ_more_than_networks_leave_the_order_open():
    first = study([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], 1e-4)
    open_ = study([0.901, 0.902, 0.903, 0.904, 0.905, 0.906], 0.05)
    found, low, high = order.rank_correlation(first, open_)
    assert found == pytest.approx(-1.0)
    assert low < -0.7 and high > 0.6


def test_networks_are_paired_by_name_and_seed():
    first = study([0.9, 0.8, 0.7], 0.01)
    second = study([0.5, 0.6, 0.4], 0.03)[["c", "a", "b"]]
    assert order.rank_correlation(first, second)[0] == pytest.approx(0.5)
    table = order.neighbours(first, second, images=10_000)
    assert table["difference"].tolist() == ["a - b", "b - c"]
    # All seeds are as far apart, so they spread by an image: 2.776 times 0.01 / sqrt(5) points.
    assert table["first study"].tolist() == ["+10.00 (+9.99 to +10.01)"] * 2
    assert table["second study"][0] == "-10.00 (-10.01 to -9.99)"


def test_a_network_that_one_study_lacks_is_left_out(tmp_path, capsys):
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder, means in zip(folders, ([0.9, 0.8, 0.7], [0.6, 0.5]), strict=True):
        folder.mkdir()
        wide = study(means, 0.01).rename_axis("seed")
        runs = wide.melt(var_name="network", value_name="test_acc", ignore_index=False)
        runs.assign(test_images=10_000).to_csv(folder / "runs.csv")
    order.main(*folders)
    printed = capsys.readouterr().out
    assert "Rank correlation of 2 networks" in printed and "| a - b" in printed
    assert "c" not in printed.splitlines()[-1]


@pytest.mark.parametrize("study", ["fashion", "cifar10"])
def test_the_page_says_what_the_committed_runs_give(study, capsys):
    studies = Path(order.__file__).parent
    order.main(studies.parent / "reference-study", studies / study)
    page = (studies / "order.md").read_text(encoding="utf-8")
    for line in capsys.readouterr().out.splitlines():
        assert line in page
