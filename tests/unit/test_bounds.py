"""What the benchmark counts of a step holds the compiled kernels' work too."""

import sys
from pathlib import Path

import pytest
import torch

from blocklab.networks.kernels.attention import attention
from blocklab.networks.kernels.compiled import kernels, load_kernels
from blocklab.networks.kernels.fused import concatenate

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import bounds


@pytest.mark.skipif(load_kernels() is None, reason="no C++ compiler here")
def test_kernels_are_counted():
    halves = [torch.ones(2, 4, 8, 8).contiguous(memory_format=torch.channels_last)] * 2
    tokens = torch.ones(2, 10, 8, requires_grad=True)
    with kernels(), bounds.Moved() as moved, moved.kernels_too():
        concatenate(halves)
        (copied, again) = (size for size in moved.operations if size > 4000)
        y = attention(tokens, tokens, tokens, 1, torch.zeros(2, 10), True)
        forward = moved.flops
        y.backward(torch.ones_like(y))
    # A half is read whole; of what it is written to only the part that it fills.
    assert copied == again == 2 * halves[0].nbytes
    assert forward == 2 * 2 * 2 * 10 * 10 * 8
    assert moved.flops == forward + 5 * 2 * 2 * 10 * 10 * 8
