"""How near a training step is to the machine: its real bytes, and its multiplications, alone.

    python benchmarks/bounds.py '[{"network": "vgg", "device": "cpu", ...}, ...]'

Takes Blocklab's own step, in the precision and with the kernels of the job, and notes what every
operation reads and writes. Its bytes are then streamed by themselves: copied in arrays as large as
the operation's tensors are together, again and again, so that each operation is granted the
fastest cache that could hold them. Prints a list as JSON, an entry per job.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from math import log2
from statistics import median

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode, flop_registry
from worker import job_of_blocklab, made_up_images

REPETITIONS = 15
SMALLEST, LARGEST = 2**16, 2**28  # bytes copied; below, starting a copy takes the time
GATHERS = (torch.ops.aten.index.Tensor, torch.ops.aten.gather.default)


class Moved(TorchDispatchMode):
    """Note the bytes of every operation, and the seconds of convolutions and matrix products."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[int] = []
        self.multiplying = 0.0
        self.flops = 0  # those of kernels, which torch's counter does not see

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        started = time.perf_counter()
        result = function(*args, **(kwargs or {}))
        if function._overloadpacket in flop_registry:
            self.multiplying += time.perf_counter() - started
        empty = function._overloadpacket.__name__.startswith(("empty", "new_empty"))
        if not function.is_view and not empty:
            # A gather reads what it writes, not all that it could.
            self.note((result, result) if function in GATHERS else (args, kwargs, result))
        return result

    def note(self, values) -> None:
        tensors = [x for x in tree_leaves(values) if torch.is_tensor(x)]
        self.operations.append(sum(x.numel() * x.element_size() for x in tensors))

    @contextmanager
    def kernels_too(self) -> Iterator[None]:
        """Note the compiled kernels' calls, which torch does not see, as well."""
        from blocklab.networks.kernels import attention, fused

        call = fused.call_kernel

        def noted(name, *arguments):
            self.note(arguments)
            started = time.perf_counter()
            call(name, *arguments)
            if name.startswith("attention"):
                self.multiplying += time.perf_counter() - started
                self.flops += attention_flops(name, *arguments)

        fused.call_kernel = attention.call_kernel = noted
        try:
            yield
        finally:
            fused.call_kernel = attention.call_kernel = call


def attention_flops(name: str, images, heads, queries, keys, to_themselves, query, *_) -> int:
    """Return the FLOPs of a call: two products forward, and five backward, of queries and keys.

    Tokens that do not occur are counted, although the kernel leaves them out.
    """
    products = 5 if "backward" in name else 2
    return 2 * products * images * queries * keys * query.shape[2]


def measure(job: dict) -> dict[str, str | float]:
    """Return seconds, bytes and FLOPs of one step, and what the latter two would take alone."""
    from blocklab.networks.kernels.compiled import kernels
    from blocklab.training.learner import Learner
    from blocklab.training.loop import make_learner

    device, batch = job["device"], job["batch_size"]
    count = 1 if device == "cpu" else 20  # a GPU is kept waiting by a step that is waited for
    layers, split, settings = job_of_blocklab(job, *made_up_images(count * batch))

    def epoch(learner: Learner) -> None:
        learner.start_epoch()
        for start in range(0, count * batch, learner.stride):
            learner.step(start)

    with kernels(device == "cpu"):
        learner = make_learner(layers, split, settings, 0)
        step_seconds = seconds(lambda: epoch(learner), device) / count
        eager = Learner(layers, split, settings, 0)
        epoch(eager)  # the optimizer makes its state in the first step
        with FlopCounterMode(display=False) as flops, Moved() as moved, moved.kernels_too():
            epoch(eager)
    counted = (flops.get_total_flops() + moved.flops) / count
    precision = getattr(torch, settings.precision)
    rate = convolution_rate(device, precision)
    return {
        "network": job["network"],
        "batch_size": batch,
        "step_seconds": step_seconds,
        "bytes": sum(moved.operations) / count,
        "bytes_seconds": sum(copy_seconds(size, device) for size in moved.operations) / count,
        "flops": counted,
        "flops_seconds": counted / rate,
        # On a GPU an operation's call returns before it is done.
        "multiplying_seconds": moved.multiplying if device == "cpu" else float("nan"),
        "convolution_rate": rate,
        "cached_rate": 2**20 / copy_seconds(2**20, device),
        "memory_rate": LARGEST / copy_seconds(LARGEST, device),
        "precision": settings.precision,
    }


@cache
def convolution_rate(device: str, dtype: torch.dtype) -> float:
    """Return the FLOPs per second of a convolution that fills the units: 3x3, 128 channels."""
    images = 256 if device == "cuda" else 8
    options = {"device": device, "dtype": dtype}
    maps = torch.randn(images, 128, 32, 32, **options).to(memory_format=torch.channels_last)
    weight = torch.randn(128, 128, 3, 3, **options).to(memory_format=torch.channels_last)
    convolve = torch.nn.functional.conv2d
    taken = seconds(lambda: convolve(maps, weight, padding=1), device)
    return 2 * maps.numel() * 128 * 9 / taken


def copy_seconds(size: int, device: str) -> float:
    """Return how long it takes to read and write `size` bytes in all, half of them each."""
    nearest = 2 ** round(log2(min(max(size, SMALLEST), LARGEST)))
    # A GPU's caches are left out: a copy that small measures its launch.
    return size / _copy_rate(LARGEST if device == "cuda" else nearest, device)


@cache
def _copy_rate(size: int, device: str) -> float:
    source = torch.ones(size // 2, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    times = max(1, 2**22 // size)

    def copies() -> None:
        for _ in range(times):
            target.copy_(source)

    return times * size / seconds(copies, device)


def seconds(operation: Callable[[], object], device: str) -> float:
    """Return the median time of `operation`, after three to warm up."""
    taken = []
    for _ in range(REPETITIONS + 3):
        started = time.perf_counter()
        operation()
        if device == "cuda":
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - started)
    return median(taken[3:])


if __name__ == "__main__":
    print(json.dumps([measure(job) for job in json.loads(sys.argv[1])]))
