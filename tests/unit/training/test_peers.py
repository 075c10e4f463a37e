"""The benchmark's peers compute what the newcomer's plain torch does, from the same weights.

Skipped where JAX, optax or Keras are not installed: only `make bench` needs them.
"""

import re
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from plain_loop import newcomer, plain_losses
from torch import nn

jax = pytest.importorskip("jax", reason="needs JAX (make bench)")
pytestmark = pytest.mark.slow

BATCH, STEPS, TOLERANCE = 8, 6, 5e-4  # nats of about 2.3, as for Blocklab's own networks
KINDS = {nn.Conv2d: "Conv2D", nn.BatchNorm2d: "BatchNormalization", nn.Linear: "Dense"}
NAMES = ["exp3", "vgg", "bottleneck", "csp", "sppf"]


@pytest.fixture
def batches():
    """uint8 images [steps, N, 32, 32, 1] and labels [steps, N]."""
    random = np.random.default_rng(3)
    images = random.integers(0, 256, (STEPS, BATCH, 32, 32, 1), dtype=np.uint8)
    images *= random.random(images.shape) > 0.6
    return images, random.integers(0, 10, (STEPS, BATCH)).astype(np.int32)


def plain(name: str) -> nn.Module:
    """Return the newcomer's network without dropout, which each library draws differently."""
    torch.manual_seed(0)
    network = newcomer.NETWORKS[name]()
    for module in network.modules():
        if isinstance(module, nn.Dropout | nn.Dropout2d):
            module.p = 0.0
    return network


def expected_losses(network: nn.Module, images: np.ndarray, labels: np.ndarray) -> list[float]:
    channels_first = torch.from_numpy(images).permute(0, 1, 4, 2, 3)
    batches = zip(channels_first, torch.from_numpy(labels).long(), strict=True)
    return plain_losses(network, batches)


def channels_last(network: nn.Module) -> list[tuple[nn.Module, list[np.ndarray]]]:
    """Return the modules' parameters in order, as libraries with maps [N, H, W, C] have them."""
    found, after_maps, channels = [], False, 0
    for module in network.modules():
        after_maps |= isinstance(module, nn.Flatten)
        arrays = []
        for value in module.parameters(recurse=False):
            array = value.detach().numpy().copy()
            if array.ndim == 4:
                array, channels = array.transpose(2, 3, 1, 0), len(array)
            elif array.ndim == 2:
                if after_maps:
                    side = round((array.shape[1] / channels) ** 0.5)
                    maps = array.reshape(len(array), channels, side, side)
                    array, after_maps = maps.transpose(0, 2, 3, 1).reshape(array.shape), False
                array = array.T
            arrays.append(array)
        found.append((module, arrays))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_first_losses_of_the_jax_step_are_those_of_the_plain_loop(name, batches):
    pytest.importorskip("optax", reason="needs optax (make bench)")
    from peers import jax_step

    images, labels = batches
    network = plain(name)
    state = jax_step.initial(name, 32, key=None)
    weights = [array for _, arrays in channels_last(network) for array in arrays]
    assert [x.shape for x in state.parameters] == [x.shape for x in weights]
    state = state._replace(parameters=[jax.numpy.asarray(x) for x in weights])
    losses, everything = [], np.arange(BATCH)
    for x, y in zip(images, labels, strict=True):
        before = float(state.loss_sum)
        state = jax_step.step(state, x, y, everything, name=name)
        losses.append((float(state.loss_sum) - before) / BATCH)
    expected = expected_losses(network, images, labels)
    assert expected[-1] != pytest.approx(expected[0], abs=1e-3)  # something was learned
    assert losses == pytest.approx(expected, abs=TOLERANCE)
    running = [value for key, value in network.state_dict().items() if "running" in key]
    for ours, theirs in zip(state.statistics, running, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-2, atol=2e-3)


def test_an_epoch_in_one_program_is_the_same_steps(batches):
    pytest.importorskip("optax", reason="needs optax (make bench)")
    from peers import jax_step

    images, labels = (np.concatenate(x) for x in batches)
    orders = np.arange(len(labels)).reshape(STEPS, BATCH)
    one_by_one = jax_step.initial("exp3", 32, jax.random.key(0))
    for order in orders:
        one_by_one = jax_step.step(one_by_one, images, labels, order, name="exp3")
    at_once = jax_step.initial("exp3", 32, jax.random.key(0))
    at_once = jax_step.epoch(at_once, images, labels, orders, name="exp3")
    assert float(at_once.loss_sum) == pytest.approx(float(one_by_one.loss_sum), rel=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_the_first_losses_of_keras_are_those_of_the_plain_loop(name, batches):
    if not find_spec("keras"):  # importing it here would choose its backend
        pytest.skip("needs Keras (make bench)")
    from peers import keras_jax

    images, labels = batches
    network = plain(name)
    model = keras_jax.model(name, 32)
    for layer in model.layers:
        if hasattr(layer, "rate"):
            layer.rate = 0.0
    # Keras sorts layers by depth; numbers in their names say which of a kind was made first.
    for kind, theirs in KINDS.items():
        ours = [layer for layer in model.layers if type(layer).__name__ == theirs]
        ours.sort(key=lambda layer: int("0" + re.search(r"(?<=_)\d+$|$", layer.name)[0]))
        arrays = [arrays for module, arrays in channels_last(network) if type(module) is kind]
        for layer, values in zip(ours, arrays, strict=True):
            for variable, value in zip(layer.trainable_weights, values, strict=True):
                variable.assign(value)
    losses = [float(model.train_on_batch(x, y)[0]) for x, y in zip(images, labels, strict=True)]
    assert losses == pytest.approx(expected_losses(network, images, labels), abs=TOLERANCE)
