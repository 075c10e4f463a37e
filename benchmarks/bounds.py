"""What the machine could do at best: counted work over measured rates."""

import time
from collections.abc import Callable
from statistics import median

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from blocklab.networks.complexity import ByteCounter

REPETITIONS = 7


def work(network: Callable[[], nn.Module], batch_size: int, size: int) -> tuple[float, float]:
    """Return FLOPs and bytes of one training step per image, forward and backward.

    Counted on the plain network in float32, operation by operation: what it would move if no
    cache helped and nothing were fused. The optimizer is left out.
    """
    with torch.device("meta"):
        module, images = network(), torch.empty(batch_size, 1, size, size)
    with FlopCounterMode(display=False) as flops, ByteCounter() as moved:
        module(images).sum().backward()
    return flops.get_total_flops() / batch_size, moved.total / batch_size


def matmul_rate(device: str, dtype: torch.dtype) -> float:
    """Return the FLOPs per second of a large matrix product."""
    size = 8192 if device == "cuda" else 2048
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    return 2 * size**3 / _seconds(lambda: a @ b, device)


def bandwidth(device: str) -> float:
    """Return the bytes per second that a large copy reads and writes."""
    source = torch.ones(2**28 if device == "cuda" else 2**26, device=device)
    target = torch.empty_like(source)
    return (
        2 * source.numel() * source.element_size() / _seconds(lambda: target.copy_(source), device)
    )


def _seconds(operation: Callable[[], object], device: str) -> float:
    times = []
    for _ in range(REPETITIONS + 1):  # the first warms up
        started = time.perf_counter()
        operation()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return median(times[1:])
