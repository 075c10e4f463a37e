"""Limits of a run's means over images, from its file."""

import numpy as np
import pytest

from blocklab.explanation.over_images import limits_over_images
from blocklab.files import write_arrays


def run(folder, share: np.ndarray):
    """Write a run whose images have these shares of their attribution against the class."""
    maps = np.zeros((len(share), 1, 4, 4), np.float32)
    maps[:, 0, 0, 0], maps[:, 0, 1, 1] = -share, 1 - share
    path = folder / "attributions.npz"
    write_arrays(path, attributions=maps, images=np.full(maps.shape, 9, np.uint8))
    return path


def test_limits_hold_the_mean_and_widen_with_the_spread(tmp_path):
    rng = np.random.default_rng(0)
    for spread in (0.01, 0.1):
        share = rng.normal(0.3, spread, 50)
        (row,) = limits_over_images([run(tmp_path, share)]).to_dict("records")
        assert row["share_against_low"] < share.mean() < row["share_against_high"]
        width = row["share_against_high"] - row["share_against_low"]
        assert width == pytest.approx(4 * share.std() / np.sqrt(50), rel=0.15)
        assert row["smoothness_low"] <= row["smoothness_high"]


def test_one_image_and_broken_maps_have_no_limits(tmp_path):
    table = limits_over_images([run(tmp_path, np.array([0.3]))])
    assert table.isna().all(axis=None)
    assert limits_over_images([run(tmp_path, np.full(5, np.nan))]).isna().all(axis=None)
