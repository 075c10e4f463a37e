"""What a run cost: time, memory and GPU use, measured inside the job itself."""

import resource
import sys
from pathlib import Path
from typing import Any

import psutil
import torch

from blocklab.jobs.clock import seconds_since_start
from blocklab.jobs.sampler import Sampler, probes_of
from blocklab.processor import processor_model


class ResourceMonitor:
    """Measure this process while it trains on one device.

        with ResourceMonitor(device) as monitor:
            train()
        resources = monitor.result()

    A thread samples the process and, on CUDA, the GPU every 0.2 s. NVML speaks of the whole GPU:
    what another process does on it counts too. What cannot be sampled, be it from the start or from
    some moment on, is None or NaN and one warning; training is never disturbed.
    """

    def __init__(self, device: torch.device | str):
        self.device = torch.device(device)
        self._cuda = self.device.type == "cuda"
        if self._cuda and self.device.index is None:
            # The current device is a thread's own, and the sampler is a thread.
            self.device = torch.device("cuda", torch.cuda.current_device())
        self._sampler = Sampler(probes_of(self.device))
        name = torch.cuda.get_device_name if self._cuda else lambda _: processor_model()
        self.device_name = name(self.device)

    def __enter__(self) -> "ResourceMonitor":
        if self._cuda:
            torch.cuda.reset_peak_memory_stats(self.device)
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._sampler.stop()

    def samples(self) -> dict[str, list[float]]:
        """Return the columns of samples.csv: `seconds`, and those of `sampler.probes_of`.

        A row is the mean of the samples of a stretch of time, `seconds` since the `with` block
        began at its end. The stretches grow, so that there are some hundred rows whatever training
        took. To be called after the block.
        """
        return self._sampler.table()

    def result(self) -> dict[str, Any]:
        """Return the figures for resources.json; call it straight after the `with` block.

        device ("cpu", "cuda", "mps"), device_name, threads; wall_seconds since the process
        started, cpu_seconds (user and system) and peak_memory_bytes (resident) of the process.
        On CUDA, else None: gpu_utilisation_percent, the mean share of time in which the GPU
        computed; gpu_memory_access_percent, that in which its memory was read or written;
        gpu_samples, how many samples the two rest on; gpu_allocated_bytes and
        gpu_reserved_bytes, the peaks of torch's allocator since the `with` block began.
        """
        cuda = self._cuda
        times = psutil.Process().cpu_times()
        utilisation, access, samples = None, None, None
        if cuda:
            utilisation, samples = self._sampler.mean("gpu_utilisation_percent")
            access, _ = self._sampler.mean("gpu_memory_access_percent")
        return {
            "device": self.device.type,
            "device_name": self.device_name,
            "threads": torch.get_num_threads(),
            "wall_seconds": seconds_since_start(),
            "cpu_seconds": times.user + times.system,
            "peak_memory_bytes": _peak_memory_bytes(),
            "gpu_utilisation_percent": utilisation,
            "gpu_memory_access_percent": access,
            "gpu_samples": samples,
            "gpu_allocated_bytes": torch.cuda.max_memory_allocated(self.device) if cuda else None,
            "gpu_reserved_bytes": torch.cuda.max_memory_reserved(self.device) if cuda else None,
        }


def _peak_memory_bytes() -> int:
    """Return the largest resident set this process has had, in bytes."""
    if sys.platform == "linux":
        # ru_maxrss would be at least that of the parent: exec does not reset it.
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
