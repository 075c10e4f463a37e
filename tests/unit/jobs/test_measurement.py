"""What a run cost, with a real processor and an imitated GPU."""

import logging
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
import torch

from blocklab.jobs.measurement import ResourceMonitor

GPU_FIELDS = {
    "gpu_utilisation_percent",
    "gpu_memory_access_percent",
    "gpu_samples",
    "gpu_allocated_bytes",
    "gpu_reserved_bytes",
}
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
    monkeypatch.setattr(ResourceMonitor, "INTERVAL", 0.01)
    imitations = {
        "current_device": lambda: 1,
        "get_device_name": lambda device: f"GPU {device.index}",
        "get_device_properties": lambda device: SimpleNamespace(uuid=UUIDS[device.index]),
        "reset_peak_memory_stats": lambda device: None,
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
    result = monitor.result()
    assert {name for name, value in result.items() if value is None} == NVML_FIELDS
    assert result["gpu_allocated_bytes"] == 1000
    assert [reason in record.getMessage() for record in caplog.records] == [True]


def test_without_pynvml_the_same(nvml, caplog, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with ResourceMonitor("cuda:0") as monitor:
        wait_for(lambda: caplog.records)
    assert monitor.result()["gpu_samples"] is None
    assert len(caplog.records) == 1


def test_a_hanging_nvml_does_not_hold_up_the_job(nvml, caplog, monkeypatch):
    monkeypatch.setattr("blocklab.jobs.measurement._Sampler.PATIENCE", 0.05)
    nvml.hangs = True
    started = time.monotonic()
    with ResourceMonitor("cuda:0") as monitor:
        time.sleep(0.05)
    assert time.monotonic() - started < 2
    assert monitor.result()["gpu_utilisation_percent"] is None
    assert [record.getMessage() for record in caplog.records] == [
        "GPU utilisation is not known: NVML does not answer"
    ]


def test_an_error_in_training_passes_and_ends_the_sampling(nvml):
    with pytest.raises(ZeroDivisionError), ResourceMonitor("cuda:0") as monitor:
        raise ZeroDivisionError
    assert not monitor._sampler._thread.is_alive()
