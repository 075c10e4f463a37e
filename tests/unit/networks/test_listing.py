"""A network as it is listed for a reader."""

import pytest

from blocklab.networks.listing import list_layers
from blocklab.networks.network import resolve

LAYERS = [
    {"conv": {"out": 8, "kernel": 3, "activation": "relu", "repeat": 2}},
    {"maxpool": 2},
    {"bottleneck": {"out": 8}},
    "silu",
    "flatten",
    {"dropout": 0.5},
    {"linear": {"out": "classes", "activation": "none"}},
]


def test_every_layer_is_listed_with_the_shape_after_it():
    listed = list_layers(resolve("made", LAYERS, (3, 8, 8), 5), (3, 8, 8))
    assert [(entry["layer"], entry["repeat"], entry["shape"]) for entry in listed] == [
        ("input", 1, [3, 8, 8]),
        ("conv 8, kernel 3, activation relu", 2, [8, 8, 8]),
        ("maxpool 2", 1, [8, 4, 4]),
        ("bottleneck 8", 1, [8, 4, 4]),
        ("silu", 1, [8, 4, 4]),
        ("flatten", 1, [128]),
        ("dropout 0.5", 1, [128]),
        ("linear 5, activation none", 1, [5]),
    ]
    # 3x3 kernels without a bias, and two numbers of batch normalisation to each channel.
    assert listed[1]["parameters"] == 8 * 3 * 9 + 8 * 8 * 9 + 2 * 2 * 8
    assert listed[7]["parameters"] == 128 * 5 + 5
    used = [entry["activations"] for entry in listed]
    assert used == [[], ["relu"], [], ["silu"], ["silu"], [], [], []]


@pytest.mark.parametrize("name", ["exp3", "vgg", "bottleneck", "transformer", "csp", "sppf"])
def test_the_parameters_of_all_layers_are_the_networks(config, name):
    from blocklab.networks.complexity import complexity

    layers = resolve(name, config["networks"][name]["layers"], (1, 32, 32), 10)
    listed = list_layers(layers, (1, 32, 32))
    assert (
        sum(entry["parameters"] for entry in listed)
        == (complexity(layers, (1, 32, 32))["parameters"])
    )
