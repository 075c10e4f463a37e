"""A thread that samples what this process and its GPU do, into a table that never grows long."""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import psutil
import torch

from blocklab.jobs.gpus import nvml

log = logging.getLogger(__name__)


class Probe(NamedTuple):
    """Something to sample.

    what: the words for it in a warning. columns: what its samples are called. start: returns a
    generator that yields once when it is ready, and then one sample, a value per column, each time
    it is asked. It runs in the sampler's thread and may raise whatever it likes at any moment.
    """

    what: str
    columns: tuple[str, ...]
    start: Callable[[], Iterator[tuple[float, ...]]]


def probes_of(device: torch.device) -> list[Probe]:
    """Return what can be sampled while a device is trained on; on a GPU it has an index.

    cpu_percent: of this process, since the sample before; 100 is one core kept busy. memory_bytes:
    its resident set. On CUDA also gpu_utilisation_percent and gpu_memory_access_percent, the shares
    of time in which the GPU computed and in which its memory was read or written, whoever did it;
    gpu_allocated_bytes, what torch has allocated there.
    """

    def process() -> Iterator[tuple[float, ...]]:
        this = psutil.Process()
        this.cpu_percent()  # the first answer is about no time
        yield ()
        while True:
            yield this.cpu_percent(), this.memory_info().rss

    def allocation() -> Iterator[tuple[float, ...]]:
        yield ()
        while True:
            yield (torch.cuda.memory_allocated(device),)

    def rates() -> Iterator[tuple[float, ...]]:
        library = nvml()
        # CUDA_VISIBLE_DEVICES renumbers GPUs for torch but not for NVML.
        uuid = torch.cuda.get_device_properties(device).uuid
        handle = library.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
        yield ()
        while True:
            now = library.nvmlDeviceGetUtilizationRates(handle)
            yield now.gpu, now.memory

    probes = [Probe("what the process used over time", ("cpu_percent", "memory_bytes"), process)]
    if device.type == "cuda":
        probes += [
            Probe("what torch allocated over time", ("gpu_allocated_bytes",), allocation),
            # The last, because NVML might hang.
            Probe(
                "GPU utilisation", ("gpu_utilisation_percent", "gpu_memory_access_percent"), rates
            ),
        ]
    return probes


class Sampler:
    """Samples probes every INTERVAL seconds, from `start` to `stop`.

    A probe that fails is one warning and is not asked again. The table has at most MOST_ROWS: when
    it is full, rows are merged two by two, and from then on a row is the mean of twice as many
    samples.
    """

    INTERVAL = 0.2
    MOST_ROWS = 400
    # A probe answers in about a millisecond; one that hangs must not hold up the job.
    PATIENCE = 5.0

    def __init__(self, probes: list[Probe]):
        self._probes = probes
        self._columns = [column for probe in probes for column in probe.columns]
        self._failed: set[str] = set()
        self._asking = probes[0]
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="sampler", daemon=True)
        self._rows = np.empty((0, 1 + len(self._columns)))
        self._stride = 1  # samples that a row is the mean of
        self._since_row: list[list[float]] = []
        self._sums = np.zeros(len(self._columns))
        self._counts = np.zeros(len(self._columns), dtype=int)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(self.PATIENCE)
        if self._thread.is_alive():
            self._fail(self._asking, "no answer")

    def table(self) -> dict[str, list[float]]:
        """Return the rows by column, once stopped; NaN is what could not be sampled.

        seconds: since `start`, at the end of the stretch of time that the row is the mean of.
        """
        return dict(zip(["seconds", *self._columns], self._rows.T.tolist(), strict=True))

    def mean(self, column: str) -> tuple[float, int] | tuple[None, None]:
        """Return the mean of all samples of a column and their number.

        None if there are none, or if the probe failed at some time.
        """
        position = self._columns.index(column)
        count = int(self._counts[position])
        if column in self._failed or not count:
            return None, None
        return self._sums[position] / count, count

    def _sample(self) -> None:
        started = time.monotonic()
        running = [(probe, probe.start()) for probe in self._probes]
        for probe, generator in running:
            self._ask(probe, generator)
        while not self._stopped.wait(self.INTERVAL):
            sample = [value for asked in running for value in self._ask(*asked)]
            known = np.isfinite(sample)
            self._sums[known] += np.array(sample)[known]
            self._counts += known
            self._since_row.append([time.monotonic() - started, *sample])
            if len(self._since_row) == self._stride:
                self._end_row()
        if self._since_row:
            self._end_row()

    def _ask(self, probe: Probe, generator: Iterator[tuple[float, ...]]) -> tuple[float, ...]:
        if not self._failed.issuperset(probe.columns):
            self._asking = probe
            try:
                return next(generator)
            except Exception as error:  # whatever a driver comes up with
                self._fail(probe, f"{type(error).__name__}: {error}")
        return (math.nan,) * len(probe.columns)

    def _end_row(self) -> None:
        self._rows = np.vstack([self._rows, _mean(np.array(self._since_row))])
        self._since_row = []
        if len(self._rows) == self.MOST_ROWS:
            pairs = self._rows.reshape(-1, 2, self._rows.shape[1])
            self._rows = np.stack([_mean(pair) for pair in pairs])
            self._stride *= 2

    def _fail(self, probe: Probe, reason: str) -> None:
        if not self._failed.issuperset(probe.columns):
            log.warning("%s is not known: %s", probe.what, reason)
        self._failed.update(probe.columns)


def _mean(rows: np.ndarray) -> np.ndarray:
    """Return the mean of rows, with the time at which the last of them ended."""
    return np.concatenate([rows[-1:, 0], rows[:, 1:].mean(axis=0)])
