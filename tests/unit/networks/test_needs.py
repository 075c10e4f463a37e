"""What a training step needs is foreseen: memory by hand, and images enough for torch."""

from contextlib import nullcontext

import pytest
import torch

from blocklab.networks.needs import training_needs
from blocklab.networks.network import build, resolve


def needs(*layers, shape=(1, 8, 8)):
    return training_needs(resolve("net", [*layers], shape, 10), shape)


def test_what_a_step_keeps_of_an_image():
    # The image for the convolution, its output for both ReLU and the linear layer's product.
    assert needs({"conv": {"out": 4, "kernel": 3, "norm": False, "activation": "relu"}}, "flatten",
                 {"linear": 10})["kept_bytes"] == 4 * (64 + 4 * 64)  # fmt: skip
    # Fused attention keeps no 4096 x 4096 weights.
    attention = needs({"transformer_block": 8}, "flatten", {"linear": 10}, shape=(1, 64, 64))
    assert attention["kept_bytes"] == 2 * 4 * 8 * 64 * 64  # the output, and flattened again


@pytest.mark.parametrize(
    ("layers", "refused"),
    [
        ([{"conv": {"out": 4, "kernel": 8, "padding": 0}}], True),
        ([{"conv": {"out": 4, "kernel": 7, "padding": 0}}], False),
        ([{"conv": {"out": 4, "kernel": 8, "padding": 0, "norm": False}}], False),
    ],
)
def test_batch_normalisation_of_one_number_is_foreseen(layers, refused):
    reason = needs(*layers, "flatten", {"linear": 10})["one_image"]
    assert bool(reason) == refused
    network = build(resolve("net", [*layers, "flatten", {"linear": 10}], (1, 8, 8), 10)).train()
    with pytest.raises(ValueError, match="more than 1 value") if refused else nullcontext():
        network(torch.rand(1, 1, 8, 8))
