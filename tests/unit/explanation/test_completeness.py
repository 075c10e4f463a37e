"""Completeness, its doubling of steps, and the error of single pixels, by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from blocklab.data.prepared import Split
from blocklab.explanation.explanation import Explainer
from blocklab.explanation.measures.completeness import (
    completeness,
    is_incomplete,
    relative_error,
)
from blocklab.explanation.measures.pixel_error import median_l1, relative_l1


def maps_of(*sums: float) -> np.ndarray:
    maps = np.zeros((len(sums), 1, 2, 2), np.float32)
    maps[:, 0, 0, 0] = sums
    return maps


def test_what_is_missing_is_a_share_of_the_change_or_of_a_tenth_of_the_usual_one():
    delta = np.array([0.5, -1, 0.1, 0.02], np.float32)
    # Changes of 10, 20, 10 and 0.01: a tenth of their median, 10, is what the last one is shown by.
    error = relative_error(maps_of(10.5, 19, 10.1, 0.03), delta)
    assert error == pytest.approx([0.05, 0.05, 0.01, 0.02], rel=1e-4)


def test_nothing_of_nothing_is_complete_and_what_is_not_a_number_is_neither():
    assert relative_error(maps_of(0, 0), np.zeros(2)).tolist() == [0, 0]
    nan = np.array([np.nan, 0.0])
    assert np.isnan(relative_error(maps_of(np.nan, 1), nan)).tolist() == [True, False]
    assert not is_incomplete(maps_of(np.nan, 1), nan).any()
    assert completeness(maps_of(np.nan, 1), nan)["complete"] is False


def test_the_tail_decides_whether_a_network_is_complete():
    delta = np.array([0.0] * 90 + [0.5] * 10)
    found = completeness(maps_of(*[10 + missing for missing in delta]), delta)
    assert found["completeness_median"] == 0
    assert found["completeness_p95"] == pytest.approx(0.05)
    assert found["complete"] is False
    assert completeness(maps_of(*[10] * 100), np.zeros(100))["complete"] is True


def test_steps_are_doubled_for_the_images_that_need_it_alone():
    class Kinked(nn.Module):
        """Bends at a brightness of 0.3, which the first image passes and the second never."""

        def forward(self, x):
            bright = x.mean(dim=(1, 2, 3))
            return torch.stack([(bright - 0.3).relu() * 20 + bright, torch.zeros_like(bright)], 1)

    images = torch.tensor([255, 60]).to(torch.uint8).reshape(2, 1, 1, 1).expand(2, 1, 4, 4)
    split = Split(images, torch.zeros(2, dtype=torch.int64), torch.arange(2))
    explainer = Explainer("logit_minus_mean", batch_size=7)
    maps, delta, steps = explainer.complete_maps(Kinked(), split, 3, 100)
    assert steps[0] in (6, 12, 24, 48, 96) and steps[1] == 3
    assert not is_incomplete(maps, delta).any()
    _, delta, steps = explainer.complete_maps(Kinked(), split, 3, 5)  # 6 would be too many
    assert steps.tolist() == [3, 3]


def test_relative_l1_by_hand():
    maps = np.array([[[[1.0, -2]]], [[[0, 0]]], [[[np.nan, 1]]]])
    others = np.array([[[[2.0, -2]]], [[[0, 0]]], [[[1, 1]]]])
    assert relative_l1(maps, others)[0] == 0.25
    assert np.isnan(relative_l1(maps, others)[1:]).all()
    assert median_l1(maps, others) == 0.25
    assert np.isnan(median_l1(maps[1:], others[1:]))
