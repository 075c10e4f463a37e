"""Layers re-initialised from the output down, and maps that do or do not notice."""

import math

import numpy as np
import pytest
import torch

from blocklab.explanation.measures.randomisation import (
    correlations,
    randomisation_rows,
    randomise,
)
from blocklab.networks.network import initialise

SEED = 3


@pytest.fixture
def network(small_layers):
    """A network as if it were trained: no number is one that initialising could give."""
    network = initialise(small_layers, SEED)
    with torch.no_grad():
        for value in network.state_dict().values():
            value.add_(5)
    return network


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    others = other.state_dict()
    return all(torch.equal(value, others[name]) for name, value in one.state_dict().items())


def image(*values: int) -> np.ndarray:
    return np.array([[[values]]])


def test_layers_are_drawn_anew_from_the_last_that_has_weights_up(network, small_layers):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fresh = list(randomise(network, small_layers, SEED))
    assert [(depth, name) for depth, name, _ in fresh] == [(1, "05_linear"), (2, "01_conv")]
    (_, _, one), (_, _, two) = fresh
    assert same(one[0], network[0])
    assert not any(
        torch.equal(value, before[f"05_linear.{name}"])
        for name, value in one[4].state_dict().items()
    )
    assert same(two[4], one[4])
    assert not same(two[0], network[0])
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_statistics_of_batch_normalisation_are_as_before_training(network, small_layers):
    *_, (_, _, changed) = randomise(network, small_layers, SEED)
    state = {name.rpartition(".")[2]: value for name, value in changed.state_dict().items()}
    assert state["running_mean"].eq(0).all() and state["running_var"].eq(1).all()
    assert state["num_batches_tracked"] == 0


def test_fresh_weights_are_of_the_seed_alone_and_no_run_began_with_them(network, small_layers):
    (*_, (_, _, one)), (*_, (_, _, again)) = (
        randomise(network, small_layers, SEED) for _ in range(2)
    )
    *_, (_, _, other) = randomise(network, small_layers, SEED + 1)
    assert same(one, again) and not same(one, other)
    # Else a network explained as it was before its own training would pass for a random one.
    assert not any(same(one, initialise(small_layers, seed)) for seed in (SEED, SEED + 1))


def test_correlations_signed_and_absolute():
    ink = image(9, 9, 9, 9, 0).astype(np.uint8)
    a, b = image(-4, 1, 2, 3, 0), image(4, 1, 2, -3, 100)
    # Ranks 1 2 3 4 and 4 2 3 1: 1 - 6 * 18 / 60; sizes have equal ranks.
    assert correlations(a, b, ink) == pytest.approx({"signed": -0.8, "absolute": 1})


def test_correlations_are_of_pixels_not_of_channels():
    ink = np.full((1, 2, 1, 3), 9, np.uint8)
    a = np.array([[[[5, 1, 0]], [[-6, 1, 3]]]])  # pixels of -1, 2, 3
    b = np.array([[[[0, 0, 0]], [[1, 2, 3]]]])
    assert correlations(a, b, ink) == pytest.approx({"signed": 1, "absolute": 1})


def test_a_map_that_is_the_image_does_not_notice(network, small_layers):
    images = np.random.default_rng(0).integers(1, 256, (2, 1, 8, 8)).astype(np.uint8)
    table, wholly = randomisation_rows(
        network, small_layers, SEED, images / 255, images, lambda changed: images / 255
    )
    assert table["depth"].tolist() == [0, 1, 2]
    assert table["layer"].tolist() == ["trained", "05_linear", "01_conv"]
    assert table["signed"].tolist() == pytest.approx([1, 1, 1])
    assert table["absolute"].tolist() == pytest.approx([1, 1, 1])
    *_, (_, _, expected) = randomise(network, small_layers, SEED)
    assert same(wholly, expected)


def test_rows_follow_the_maps_of_ever_less_trained_networks(network, small_layers):
    images = np.full((1, 1, 2, 2), 9, np.uint8)
    maps = {0: [1, 2, 3, 4], 1: [1, 2, 4, 3], 2: [4, 3, 2, 1]}

    def explain_maps(changed):
        fresh = sum(not same(changed[layer], network[layer]) for layer in (0, 4))
        return np.array(maps[fresh]).reshape(1, 1, 2, 2)

    table, _ = randomisation_rows(
        network, small_layers, SEED, explain_maps(network), images, explain_maps
    )
    assert table["signed"].tolist() == pytest.approx([1, 0.8, -1])


def test_maps_that_say_nothing_have_no_correlation(network, small_layers):
    images = np.full((1, 1, 2, 2), 9, np.uint8)
    for nothing in (np.zeros((1, 1, 2, 2)), np.full((1, 1, 2, 2), np.nan)):
        table, _ = randomisation_rows(
            network, small_layers, SEED, nothing, images, lambda changed, n=nothing: n
        )
        assert table["signed"].isna().all() and math.isnan(table["absolute"][2])
