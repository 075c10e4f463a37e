"""Counts of size and cost, against counts by hand."""

import pytest
import torch

from blocklab.networks.complexity import ByteCounter, complexity
from blocklab.networks.network import resolve


def counts(*layers, shape=(1, 8, 8)):
    return complexity(resolve("net", [*layers, "flatten", {"linear": 10}], shape, 10), shape)


def test_a_convolution_and_a_linear_layer_by_hand():
    # 8x8 outputs of 4 channels, each from 3x3 inputs; then 256 numbers to 10.
    counted = counts({"conv": {"out": 4, "kernel": 3}})
    # Read by the convolution, normalised, activated, read by the linear layer: at least these.
    assert counted.pop("bytes_moved") > 4 * (64 + 6 * 256 + 2570)
    assert counted == {
        "parameters": 4 * 9 + 2 * 4 + 256 * 10 + 10,
        "flops": 2 * (64 * 4 * 9 + 256 * 10),
        "activations": 64 * 4 + 10,
        "residuals": 0,
        "active_residuals": 0,
        "largest_kernel": 3,
    }


def test_bytes_are_those_of_all_that_is_read_and_written():
    with ByteCounter() as moved:
        x = torch.empty(3, 5, device="meta")  # written
        x.t().relu()  # a view, then read and written
    assert moved.total == 4 * (15 + 2 * 15)


def test_groups_and_stride_cost_less():
    grouped = counts({"conv": 4}, {"dwconv": {"out": 4, "kernel": 3, "stride": 2}})
    pointwise, depthwise, last = 64 * 4, 16 * 4 * 9, 64 * 10
    assert grouped["flops"] == 2 * (pointwise + depthwise + last)
    assert grouped["activations"] == 64 * 4 + 16 * 4 + 10


def test_attention_costs_the_square_of_the_tokens():
    # Per token of 4 channels: 1 content, 6 query, key and value, 1 output, 2 feed-forward maps of
    # 4x4. Attention: 64 x 64 products of 4, once for the weights and once for the values.
    counted = counts({"conv": 4}, {"transformer_block": {"out": 4}})
    maps, attention = 64 * 10 * 16, 2 * 64 * 64 * 4
    assert counted["flops"] == 2 * (64 * 4 + maps + attention + 256 * 10)
    assert counted["activations"] == 64 * 4 + 64 * 10 * 4 + (64 * 64 + 64 * 4) + 10


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("exp3", (0, 0, 5)),
        ("vgg", (0, 0, 3)),
        ("bottleneck", (2, 0, 3)),  # two blocks that could add their input, and neither does
        ("transformer", (2, 2, 1)),
        ("csp", (2, 2, 3)),
        ("sppf", (0, 0, 1)),
    ],
)
def test_what_is_odd_in_the_study_is_counted(config, name, expected):
    layers = resolve(name, config["networks"][name]["layers"], (1, 32, 32), 10)
    counted = complexity(layers, (1, 32, 32))
    keys = ("residuals", "active_residuals", "largest_kernel")
    assert tuple(counted[key] for key in keys) == expected


def test_a_projected_shortcut_is_in_use():
    faithful, projecting = (
        counts({"bottleneck": {"out": 8, "shortcut": shortcut}})
        for shortcut in (True, "projection")
    )
    assert [one["active_residuals"] for one in (faithful, projecting)] == [0, 1]
    assert projecting["parameters"] - faithful["parameters"] == 8 + 2 * 8


def test_a_network_without_convolutions_has_no_kernel():
    assert counts()["largest_kernel"] == 0


def test_vgg_by_hand(config):
    layers = resolve("vgg", config["networks"]["vgg"]["layers"], (1, 32, 32), 10)
    products = 32 * 32 * 9 * (1 * 8 + 8 * 8) + 16 * 16 * 9 * (8 * 16 + 16 * 16) + 1024 * 10
    assert complexity(layers, (1, 32, 32))["flops"] == 2 * products
