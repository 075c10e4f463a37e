"""The kernel of attention against torch's operation in double precision."""

import pytest
import torch

from blocklab.networks.kernels.attention import WIDTHS, attention
from blocklab.networks.kernels.compiled import kernels, load_kernels

pytestmark = pytest.mark.skipif(load_kernels() is None, reason="no C++ compiler here")

IMAGES, KEYS = 3, 37  # no whole number of vectors


def tensors(queries, channels, spread=1.0):
    torch.manual_seed(0)
    query = spread * torch.randn(IMAGES, queries, channels)
    key, value = torch.randn(2, IMAGES, KEYS, channels).unbind()
    counts = torch.randint(1, 20, (IMAGES, KEYS)).float()
    counts[0, 20:] = 0  # this image has fewer values
    return [x.requires_grad_() for x in (query, key, value)], counts.log()


def results(query, key, value, log_counts, heads, to_themselves, weights):
    y = attention(query, key, value, heads, log_counts, to_themselves)
    return [y, *torch.autograd.grad((y * weights).sum(), (query, key, value))]


def reference(query, key, value, log_counts, heads, weights):
    """Write out every weight of every query for every key."""
    exact = [x.detach().double().requires_grad_() for x in (query, key, value)]
    q, k, v = (x.unflatten(2, (heads, -1)).transpose(1, 2) for x in exact)
    scores = q @ k.transpose(2, 3) / q.shape[3] ** 0.5 + log_counts.double()[:, None, None]
    y = (scores.softmax(dim=3) @ v).transpose(1, 2).flatten(2)
    return [y, *torch.autograd.grad((y * weights).sum(), exact)]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("queries", [KEYS, 50])
def test_outputs_and_gradients(width, heads, queries):
    given, log_counts = tensors(queries, width * heads)
    weights = torch.randn(IMAGES, queries, width * heads)
    to_themselves = queries == KEYS
    if to_themselves:  # what does not occur has no gradient
        weights = weights * (log_counts > -torch.inf).unsqueeze(2)
    expected = reference(*given, log_counts, heads, weights)
    with kernels():
        ours = results(*given, log_counts, heads, to_themselves, weights)
    ours_without = results(*given, log_counts, heads, to_themselves, weights)
    if to_themselves:
        assert not ours[0][0, 20:].any()
        for x in (ours[0], ours_without[0], expected[0]):
            x.data[0, 20:] = 0
    for y, plain, exact in zip(ours, ours_without, expected, strict=True):
        torch.testing.assert_close(y.double(), exact, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(plain.double(), exact, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("width", WIDTHS)
def test_without_counts_every_key_counts_once(width):
    given, log_counts = tensors(KEYS, 2 * width)
    weights = torch.randn(IMAGES, KEYS, 2 * width)
    expected = reference(*given, torch.zeros_like(log_counts), 2, weights)
    with kernels():
        ours = results(*given, None, 2, True, weights)
    for y, exact in zip(ours, expected, strict=True):
        torch.testing.assert_close(y.double(), exact, rtol=1e-4, atol=1e-5)


def test_scores_far_apart_neither_vanish_nor_overflow():
    given, log_counts = tensors(5, 8, spread=300.0)
    weights = torch.ones(IMAGES, 5, 8)
    exact = reference(*given, log_counts, 1, weights)[0]
    with kernels():
        ours = attention(*given, 1, log_counts, False)
    torch.testing.assert_close(ours.double(), exact, rtol=1e-3, atol=1e-3)


def test_what_is_not_a_number_stays_so_and_with_its_image():
    (query, key, value), log_counts = tensors(KEYS, 8)
    with torch.no_grad(), kernels():
        key[1, 3, 2] = torch.nan
        y = attention(query, key, value, 1, log_counts, True)
    assert y[1].isnan().all()
    assert not y[[0, 2]].isnan().any()


def test_threads_change_no_bit():
    given, log_counts = tensors(KEYS, 16)
    weights = torch.randn(IMAGES, KEYS, 16)
    before = torch.get_num_threads()
    outcomes = []
    with kernels():
        for threads in (1, 2):
            torch.set_num_threads(threads)
            outcomes.append(results(*given, log_counts, 2, True, weights))
    torch.set_num_threads(before)
    assert all(map(torch.equal, *outcomes))
