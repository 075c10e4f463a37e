"""What a run cost, with a real processor and an imitated GPU."""

import logging
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import torch

from blocklab.jobs.measurement import ResourceMonitor
from blocklab.jobs.sampler import Probe, Sampler

GPU_FIELDS = {
    "gpu_utilisation_percent",
    "gpu_memory_access_percent",
    "gpu_samples",
    "gpu_allocated_bytes",
    "gpu_reserved_bytes",
}
PROCESS = ("cpu_percent", "memory_bytes")
GPU = ("gpu_allocated_bytes", "gpu_utilisation_percent", "gpu_memory_access_percent")
NVML_FIELDS = {"gpu_utilisation_percent", "gpu_memory_access_percent", "gpu_samples"}
UUIDS = {0: "aaaa-0", 1: "bbbb-1"}


class FakeNvml:
    """An NVML whose GPUs are found by UUID and report rising figures."""

    def __init__(self):
        self.asked = []
        self.break_after = None
        self.hang = threading.Event()
        self.hangs = False

    def nvmlInit(self):
        if self.break_after == 0:
            raise RuntimeError("Driver Not Loaded")

    def nvmlDeviceGetHandleByUUID(self, uuid):
        return uuid

    def nvmlDeviceGetUtilizationRates(self, handle):
        if self.hangs:
            self.hang.wait(10)
        self.asked.append(handle)
        count = len(self.asked)
        if self.break_after is not None and count > self.break_after:
            raise RuntimeError("GPU is lost")
        return SimpleNamespace(gpu=10 * count, memory=count)


@pytest.fixture
def nvml(monkeypatch):
    """Pretend that torch sees two GPUs and that NVML answers for them."""
    fake = FakeNvml()
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    monkeypatch.setattr(Sampler, "INTERVAL", 0.01)
    imitations = {
        "current_device": lambda: 1,
        "get_device_name": lambda device: f"GPU {device.index}",
        "get_device_properties": lambda device: SimpleNamespace(uuid=UUIDS[device.index]),
        "reset_peak_memory_stats": lambda device: None,
        "memory_allocated": lambda device: 100 * (device.index + 1),
        "max_memory_allocated": lambda device: 1000,
        "max_memory_reserved": lambda device: 2000,
    }
    for name, function in imitations.items():
        monkeypatch.setattr(torch.cuda, name, function)
    yield fake
    fake.hang.set()


def wait_for(condition):
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert condition()


def test_on_a_cpu_the_gpu_figures_are_none():
    with ResourceMonitor("cpu") as monitor:
        result = monitor.result()
    assert result["device"] == "cpu"
    assert result["device_name"]
    assert result["threads"] == torch.get_num_threads()
    assert {name for name, value in result.items() if value is None} == GPU_FIELDS


def test_cpu_time_and_memory_grow_with_work():
    with ResourceMonitor("cpu") as monitor:
        before = monitor.result()
        block = b"x" * (before["peak_memory_bytes"] + 50_000_000)
        end = time.process_time() + 0.1
        while time.process_time() < end:
            pass
    after = monitor.result()
    assert after["cpu_seconds"] >= before["cpu_seconds"] + 0.05
    assert after["peak_memory_bytes"] >= before["peak_memory_bytes"] + 50_000_000
    assert len(block) < after["peak_memory_bytes"] < 50 * len(block)


def test_samples_tell_what_the_process_did_when(monkeypatch):
    monkeypatch.setattr(Sampler, "INTERVAL", 0.05)
    with ResourceMonitor("cpu") as monitor:
        end = time.monotonic() + 0.4
        while time.monotonic() < end:
            pass
        block = b"x" * 50_000_000
        time.sleep(0.4)
    samples = {name: np.array(values) for name, values in monitor.samples().items()}
    assert list(samples) == ["seconds", *PROCESS]
    seconds, use, memory = samples.values()
    assert (np.diff(seconds) >= 0.05).all()
    assert seconds[0] > 0 and 0.7 < seconds[-1] < 3
    # Of the CPU that other processes may want, too.
    assert use[seconds < 0.4].max() > 30
    assert use[-3:].max() < 30
    assert memory[-1] - memory[0] >= len(block)


@pytest.mark.parametrize("method", ["cpu_percent", "memory_info"])
def test_a_failing_psutil_is_one_line(nvml, caplog, monkeypatch, method):
    def fail(process):
        raise psutil.AccessDenied(1)

    monkeypatch.setattr(psutil.Process, method, fail)
    with ResourceMonitor("cuda:0") as monitor:
        wait_for(lambda: len(nvml.asked) >= 2)
    samples = monitor.samples()
    assert np.isnan([samples[name] for name in PROCESS]).all()
    assert samples["gpu_allocated_bytes"][:2] == [100, 100]
    assert monitor.result()["gpu_samples"] >= 2
    (record,) = caplog.records
    assert record.getMessage().startswith("what the process used over time is not known: Access")


def test_rows_are_merged_so_that_there_are_never_many(monkeypatch):
    """Rows are means of ever more samples; what is unknown for a while is NaN for its row alone."""
    monkeypatch.setattr(Sampler, "INTERVAL", 0)
    monkeypatch.setattr(Sampler, "MOST_ROWS", 8)
    seen = []

    def count():
        yield ()
        for number in range(100):
            seen.append(number)
            yield (float("nan") if number == 41 else float(number),)
        sampler._stopped.set()
        yield (100.0,)

    sampler = Sampler([Probe("counting", ("number",), count)])
    sampler.start()
    wait_for(sampler._stopped.is_set)
    sampler.stop()
    table = sampler.table()
    assert len(seen) == 100
    # 16 samples a row: 0 to 15 and so on; the last row is of those that were left.
    assert table["number"] == pytest.approx(
        [7.5, 23.5, float("nan"), 55.5, 71.5, 87.5, 98.0], nan_ok=True
    )
    assert table["seconds"] == sorted(table["seconds"])
    assert sampler.mean("number") == (pytest.approx((5050 - 41) / 100), 100)


def test_wall_time_counts_from_the_start_of_the_process():
    code = (
        "import time; time.sleep(0.3)\n"
        "from blocklab.jobs.measurement import ResourceMonitor\n"
        "with ResourceMonitor('cpu') as monitor: pass\n"
        "print(monitor.result()['wall_seconds'])"
    )
    started = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    outside = time.monotonic() - started
    assert 0.3 <= float(run.stdout) <= outside + 0.1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux carries it over")
def test_peak_memory_is_that_of_this_process_not_of_its_parent(monkeypatch):
    monkeypatch.setattr("resource.getrusage", lambda who: SimpleNamespace(ru_maxrss=10**12))
    with ResourceMonitor("cpu") as monitor:
        pass
    assert monitor.result()["peak_memory_bytes"] < 10**12


def test_on_cuda_the_means_and_their_number_of_samples(nvml):
    with ResourceMonitor("cuda:0") as monitor:
        wait_for(lambda: len(nvml.asked) >= 3)
    result = monitor.result()
    count = result["gpu_samples"]
    assert count == len(nvml.asked) >= 3
    assert result["gpu_utilisation_percent"] == pytest.approx(10 * (count + 1) / 2)
    assert result["gpu_memory_access_percent"] == pytest.approx((count + 1) / 2)
    assert (result["gpu_allocated_bytes"], result["gpu_reserved_bytes"]) == (1000, 2000)
    assert (result["device"], result["device_name"]) == ("cuda", "GPU 0")
    time.sleep(0.05)
    assert len(nvml.asked) == count, "sampling goes on after the block"

    samples = monitor.samples()
    assert list(samples) == ["seconds", *PROCESS, *GPU]
    assert samples["gpu_utilisation_percent"] == [10 * (one + 1) for one in range(count)]
    assert samples["gpu_memory_access_percent"] == [one + 1 for one in range(count)]
    assert samples["gpu_allocated_bytes"] == [100] * count


def test_the_gpu_is_found_by_uuid_also_without_an_index(nvml):
    with ResourceMonitor("cuda") as monitor:
        wait_for(lambda: nvml.asked)
    assert set(nvml.asked) == {"GPU-bbbb-1"}
    assert monitor.result()["device_name"] == "GPU 1"


@pytest.mark.parametrize(
    "break_after, reason", [(0, "Driver Not Loaded"), (2, "GPU is lost")], ids=["start", "midway"]
)
def test_a_failing_nvml_gives_none_and_one_line(nvml, caplog, break_after, reason):
    nvml.break_after = break_after
    with caplog.at_level(logging.WARNING), ResourceMonitor("cuda:0") as monitor:
        wait_for(lambda: caplog.records)
        time.sleep(0.05)
    result = monitor.result()
    assert {name for name, value in result.items() if value is None} == NVML_FIELDS
    assert result["gpu_allocated_bytes"] == 1000
    assert [reason in record.getMessage() for record in caplog.records] == [True]
    samples = monitor.samples()
    known = np.isfinite(samples["gpu_utilisation_percent"])
    assert known.tolist() == [True] * break_after + [False] * (len(known) - break_after)
    assert np.isfinite([samples[name] for name in ("gpu_allocated_bytes", *PROCESS)]).all()


def test_without_pynvml_the_same(nvml, caplog, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with ResourceMonitor("cuda:0") as monitor:
        wait_for(lambda: caplog.records)
    assert monitor.result()["gpu_samples"] is None
    assert len(caplog.records) == 1


def test_a_hanging_nvml_does_not_hold_up_the_job(nvml, caplog, monkeypatch):
    monkeypatch.setattr(Sampler, "PATIENCE", 0.05)
    nvml.hangs = True
    started = time.monotonic()
    with ResourceMonitor("cuda:0") as monitor:
        time.sleep(0.05)
    assert time.monotonic() - started < 2
    assert monitor.result()["gpu_utilisation_percent"] is None
    assert [record.getMessage() for record in caplog.records] == [
        "GPU utilisation is not known: no answer"
    ]


def test_an_error_in_training_passes_and_ends_the_sampling(nvml):
    with pytest.raises(ZeroDivisionError), ResourceMonitor("cuda:0") as monitor:
        raise ZeroDivisionError
    assert not monitor._sampler._thread.is_alive()
