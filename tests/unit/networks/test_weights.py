"""The files of weights: they come back, and what does not fit is refused."""

import pytest
import torch
from safetensors.torch import load_file

from blocklab.errors import UserError
from blocklab.networks.network import build, initialise, resolve
from blocklab.networks.weights import load_weights, save_weights


def layers_of(*layers, classes=4):
    return resolve("net", list(layers), (1, 8, 8), classes)


def test_weights_come_back(small_layers, tmp_path):
    path = tmp_path / "weights.safetensors"
    network = initialise(small_layers, 4)
    network(torch.rand(2, 1, 8, 8))  # in training mode, so that buffers differ, too
    save_weights(path, network, 4)
    again = load_weights(path, small_layers, 4)
    state = again.state_dict()
    assert all(torch.equal(state[key], value) for key, value in network.state_dict().items())
    assert again[0].norm.num_batches_tracked == 1
    stored = load_file(path)
    assert stored["01_conv.convolution.weight"].shape == (4, 1, 3, 3)
    assert stored.keys() == network.state_dict().keys()
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def another_network(path):
    layers = layers_of({"conv": {"out": 5, "kernel": 3}}, "flatten", {"linear": "classes"})
    return lambda: load_weights(path, layers, 0)


def another_shape(path):
    layers = layers_of("flatten", {"linear": {"out": 5}}, {"linear": "classes"})
    save_weights(path, build(layers_of("flatten", {"linear": 6}, {"linear": "classes"})), 0)
    return lambda: load_weights(path, layers, 0)


def another_seed(path):
    return lambda: load_weights(path, layers_of("flatten", {"linear": "classes"}), 1)


def damaged(path):
    path.write_bytes(path.read_bytes()[:30])
    return another_seed(path)


def missing(path):
    path.unlink()
    return another_seed(path)


@pytest.mark.parametrize(
    "case",
    [another_network, another_shape, another_seed, damaged, missing],
    ids=lambda x: x.__name__,
)
def test_weights_that_do_not_fit_are_refused_in_one_line(tmp_path, case):
    path = tmp_path / "weights.safetensors"
    save_weights(path, build(layers_of("flatten", {"linear": "classes"})), 0)
    load = case(path)
    with pytest.raises(UserError) as error:
        load()
    assert str(error.value).startswith(f"{path}: not the weights of this network (")
    assert "\n" not in str(error.value)
