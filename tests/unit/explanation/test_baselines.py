"""Other baseline images: what they are, and what a linear network must say from each."""

import numpy as np
import pytest
import torch
from torch import nn

from blocklab.data.prepared import Split
from blocklab.explanation.explanation import Explainer
from blocklab.explanation.measures.baselines import (
    baseline_dependence,
    blurred,
    expected_gradients,
    mean_image,
    off_ink,
    other_maps,
    what_is_said_of,
)
from blocklab.networks.images import as_input

EXPLAINER = Explainer("logit_minus_mean")


@pytest.fixture
def linear():
    """A linear network, and the weight of every pixel for the class of each image."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 4))
    weight = network[1].weight.detach()
    return network, (weight - weight.mean(0)).reshape(4, 1, 8, 8)


def test_a_linear_network_weighs_the_difference_from_each_baseline(linear, make_data):
    network, weights = linear
    data = make_data(test=4)
    training = data.training.images
    maps = other_maps(network, data.test, training, EXPLAINER, steps=3, draws=4000)
    inputs, weight = as_input(data.test.images), weights[data.test.labels]
    mean = training.float().mean(0) / 255
    torch.testing.assert_close(mean_image(training), mean)
    for found, baseline in zip(maps[:2], (blurred(data.test.images), mean), strict=True):
        np.testing.assert_allclose(found, (weight * (inputs - baseline)).numpy(), atol=1e-5)
    # Expected gradients are the mean over draws, so those of a linear network are near the mean's.
    assert np.abs(maps[2] - maps[1]).max() < 0.1 * np.abs(maps[1]).max()


def test_expected_gradients_leave_the_random_state_alone_and_repeat(linear, make_data):
    data = make_data(test=3)
    np.random.seed(5)
    expected = np.random.RandomState(5).random()
    one, other = (
        expected_gradients(linear[0], data.test, data.training.images, EXPLAINER, 7) for _ in "ab"
    )
    assert np.array_equal(one, other)
    assert np.random.random() == expected
    few = Explainer("logit_minus_mean", batch_size=10)
    draws = [
        expected_gradients(linear[0], data.test, data.training.images, explainer, 23)
        for explainer in (few, EXPLAINER)
    ]
    assert np.array_equal(*draws), "the size of a batch bounds memory and changes nothing else"


def test_every_draw_is_a_training_image_of_its_own():
    training = (255 * torch.eye(400, dtype=torch.uint8)).reshape(400, 1, 20, 20)
    network = nn.Sequential(nn.Flatten(), nn.Linear(400, 2))
    black = Split(torch.zeros_like(training[:1]), torch.tensor([0]), torch.tensor([0]))
    (found,) = expected_gradients(network, black, training, EXPLAINER, 30)
    # Each image drawn lights one pixel; two of 30 from 400 are the same image now and then.
    assert 26 <= np.count_nonzero(found) <= 30


def test_a_blur_keeps_the_mean_of_what_lies_inside_and_spreads_it():
    image = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    image[0, 1, 16, 16] = 255
    smooth = blurred(image)[0]
    assert smooth.sum() == pytest.approx(1, abs=1e-3)
    assert smooth[[0, 2]].sum() == 0  # each channel by itself
    # A Gaussian of standard deviation 2.
    assert smooth[1, 16, 16] == pytest.approx(1 / (2 * np.pi * 4), rel=0.01)


def test_the_share_off_the_ink_by_hand():
    images = np.zeros((2, 1, 2, 2), np.uint8)
    images[:, :, 0] = 9
    maps = np.array([[[[3.0, -1], [1, 0]]], [[[0, 0], [0, 0]]]])  # the second says nothing
    assert off_ink(maps, images) == 0.2
    assert np.isnan(off_ink(maps[1:], images[1:]))


def test_a_map_that_is_the_same_from_every_baseline_depends_on_none():
    images = np.full((2, 1, 3, 3), 9, np.uint8)
    black = np.random.default_rng(0).normal(size=(2, 1, 3, 3))
    row = baseline_dependence(black, np.stack([black, black, -black]), images)
    found = [row[f"correlation_{name}"] for name in ("blurred", "mean", "expected")]
    assert found == pytest.approx([1, 1, -1])
    assert row["off_ink_black"] == row["off_ink_mean"] == 0


def test_what_a_network_says_of_a_baseline_image():
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    nn.init.zeros_(network[1].weight)
    network[1].bias.data = torch.tensor([1.0, 2, 1]).log()
    assert what_is_said_of(network, torch.zeros(1, 2, 2)) == (1, pytest.approx(0.5))
