"""Max-pools whose ties are averaged: the same outputs, and gradients worked out by hand."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from blocklab.data.prepared import Split
from blocklab.explanation.explanation import Explainer
from blocklab.explanation.measures.ties import tie_effect, ties_averaged
from blocklab.networks.kernels.compiled import kernels
from blocklab.networks.kernels.fused import max_pool
from blocklab.networks.network import initialise, resolve


def gradient(pool, x):
    x = x.clone().requires_grad_()
    y = pool(x)
    y.backward(torch.arange(1.0, y.numel() + 1).reshape(y.shape))
    return y.detach(), x.grad


def test_equal_maxima_get_equal_parts():
    x = torch.tensor([[[[3.0, 3, 1, 2], [3, 0, 2, 2]]]])
    with ties_averaged() as mode:
        y, shared = gradient(nn.MaxPool2d(2), x)
    assert mode.pools
    assert y.tolist() == [[[[3, 2]]]]
    # The first window has three maxima for a gradient of 1, the second three for one of 2.
    third = 1 / 3
    expected = torch.tensor([[[[third, third, 0, 2 * third], [third, 0, 2 * third, 2 * third]]]])
    torch.testing.assert_close(shared, expected)


@pytest.mark.parametrize(
    "pool",
    [
        lambda x: max_pool(x, 5),
        lambda x: F.max_pool2d(x, 3, stride=2, padding=1),
        lambda x: F.max_pool2d(x, (2, 3), stride=(1, 2), ceil_mode=True),
        lambda x: F.max_pool2d(x, 3, stride=1, padding=1, dilation=2),
        nn.AdaptiveMaxPool2d(2),  # not ours; it stays as it is
    ],
)
def test_without_ties_nothing_differs(pool):
    x = torch.randperm(2 * 3 * 8 * 7, generator=torch.Generator().manual_seed(0)).float()
    x = x.reshape(2, 3, 8, 7).contiguous(memory_format=torch.channels_last)
    y, plain = gradient(pool, x)
    with ties_averaged():
        same, shared = gradient(pool, x)
    assert torch.equal(y, same)
    torch.testing.assert_close(shared, plain)


def test_a_flat_map_shares_all_of_its_gradient_and_the_outputs_keep_their_bits():
    layers = resolve(
        "s", [{"conv": {"out": 4}}, {"sppf": {"out": 4}}, "flatten", {"linear": {"out": 3}}],
        (1, 8, 8), 3, "cpu",
    )  # fmt: skip
    network = initialise(layers, 0).eval()
    images = torch.zeros(2, 1, 8, 8, dtype=torch.uint8)
    images[0, :, 2:6, 2:6], images[1, :, 1:7, 3:5] = 200, 90
    with kernels(True):
        plain = network(images / 255)
        with ties_averaged() as mode:
            same = network(images / 255)
        assert mode.pools and torch.equal(plain, same)
        split = Split(images, torch.tensor([0, 2]), torch.arange(2))
        effect = tie_effect(network, split, Explainer("softmax"), 4)
    assert 0 < effect < 2


def test_numbers_that_are_none_get_no_gradient_and_end_nothing():
    with ties_averaged():
        _, shared = gradient(nn.MaxPool2d(2), torch.full((1, 1, 2, 2), torch.nan))
    assert shared.tolist() == [[[[0, 0], [0, 0]]]]
