"""What a run cost: time, memory and GPU use, measured inside the job itself."""

import logging
import resource
import statistics
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import torch

from blocklab.jobs.clock import seconds_since_start
from blocklab.jobs.gpus import nvml
from blocklab.processor import processor_model

log = logging.getLogger(__name__)


class ResourceMonitor:
    """Measure this process while it trains on one device.

        with ResourceMonitor(device) as monitor:
            train()
        resources = monitor.result()

    On CUDA a thread asks NVML every 0.2 s how busy the GPU is. NVML speaks of the whole GPU:
    what another process does on it counts too. If NVML fails at any moment, the figures that
    rest on it are None and one warning is logged; training is never disturbed.
    """

    INTERVAL = 0.2

    def __init__(self, device: torch.device | str):
        self.device = torch.device(device)
        if self.device.type == "cuda" and self.device.index is None:
            # The current device is a thread's own, and the sampler is a thread.
            self.device = torch.device("cuda", torch.cuda.current_device())
        self._sampler = _Sampler(self.device) if self.device.type == "cuda" else None
        name = torch.cuda.get_device_name if self._sampler else lambda _: processor_model()
        self.device_name = name(self.device)

    def __enter__(self) -> "ResourceMonitor":
        if self._sampler:
            torch.cuda.reset_peak_memory_stats(self.device)
            self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._sampler:
            self._sampler.stop()

    def result(self) -> dict[str, Any]:
        """Return the figures for resources.json; call it straight after the `with` block.

        device ("cpu", "cuda", "mps"), device_name, threads; wall_seconds since the process
        started, cpu_seconds (user and system) and peak_memory_bytes (resident) of the process.
        On CUDA, else None: gpu_utilisation_percent, the mean share of time in which the GPU
        computed; gpu_memory_access_percent, that in which its memory was read or written;
        gpu_samples, how many samples the two rest on; gpu_allocated_bytes and
        gpu_reserved_bytes, the peaks of torch's allocator since the `with` block began.
        """
        cuda = self._sampler is not None
        times = psutil.Process().cpu_times()
        utilisation, access, samples = self._sampler.means() if cuda else (None, None, None)
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


class _Sampler:
    """A thread that samples one GPU's utilisation through NVML until it is stopped."""

    # NVML answers in about a millisecond; one that hangs must not hold up the job.
    PATIENCE = 5.0

    def __init__(self, device: torch.device):
        self._device = device
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="gpu-sampler", daemon=True)
        self._samples: list[tuple[int, int]] = []
        self._failed = False

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(self.PATIENCE)
        if self._thread.is_alive():
            self._fail("NVML does not answer")

    def means(self) -> tuple[float, float, int] | tuple[None, None, None]:
        """Return mean utilisation and memory access in percent and the number of samples."""
        if self._failed or not self._samples:
            return None, None, None
        utilisation, access = zip(*self._samples, strict=True)
        return statistics.fmean(utilisation), statistics.fmean(access), len(self._samples)

    def _sample(self) -> None:
        try:
            library = nvml()
            # CUDA_VISIBLE_DEVICES renumbers GPUs for torch but not for NVML.
            uuid = torch.cuda.get_device_properties(self._device).uuid
            handle = library.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
            while not self._stopped.wait(ResourceMonitor.INTERVAL):
                rates = library.nvmlDeviceGetUtilizationRates(handle)
                self._samples.append((rates.gpu, rates.memory))
        except Exception as error:  # whatever a driver comes up with
            self._fail(f"{type(error).__name__}: {error}")

    def _fail(self, reason: str) -> None:
        if not self._failed:
            log.warning("GPU utilisation is not known: %s", reason)
        self._failed = True


def _peak_memory_bytes() -> int:
    """Return the largest resident set this process has had, in bytes."""
    if sys.platform == "linux":
        # ru_maxrss would be at least that of the parent: exec does not reset it.
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
