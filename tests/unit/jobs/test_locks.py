"""Locks and leases, with real processes, some of them killed."""

import errno
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from blocklab.jobs import gpus, locks
from blocklab.jobs.gpus import VISIBLE, lease_gpu
from blocklab.jobs.locks import try_lock

LIBRARY = Path(__file__).parents[3] / "workflow"
HOLD = """
import sys, time
from pathlib import Path
from blocklab.jobs.gpus import lease_gpu
from blocklab.jobs.locks import try_lock
if sys.argv[1] == "lock":
    print(try_lock(sys.argv[2]), flush=True)
else:
    print(lease_gpu(sys.argv[1].split(","), Path(sys.argv[2])), flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder():
    """Return a function that starts a process which takes something and holds it."""
    processes = []

    def start(*arguments: str, **environment: str) -> tuple[subprocess.Popen, str]:
        clean = {key: value for key, value in os.environ.items() if key != VISIBLE}
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, *map(str, arguments)],
            stdout=subprocess.PIPE,
            text=True,
            env=clean | {"PYTHONPATH": str(LIBRARY)} | environment,
        )
        processes.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def kill(process: subprocess.Popen, how: signal.Signals = signal.SIGKILL) -> None:
    process.send_signal(how)
    process.wait()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_lock_is_one_processs_until_it_dies(holder, tmp_path, how):
    path = tmp_path / "folder" / "run.lock"
    first, taken = holder("lock", path)
    assert taken == "True"
    assert holder("lock", path)[1] == "False"
    kill(first, how)
    assert holder("lock", path)[1] == "True"


def test_jobs_get_different_gpus_and_a_dead_ones_goes_to_the_next(holder, tmp_path):
    names = "GPU-a,GPU-b,GPU-c"
    held = [holder(names, tmp_path) for _ in range(3)]
    assert [name for _, name in held] == ["GPU-a", "GPU-b", "GPU-c"]
    kill(held[1][0])
    assert holder(names, tmp_path)[1] == "GPU-b"


def test_more_jobs_than_gpus_share_with_a_warning(holder, tmp_path, monkeypatch, caplog):
    monkeypatch.delenv(VISIBLE, raising=False)
    holder("0,1", tmp_path)
    holder("0,1", tmp_path)
    with caplog.at_level(logging.WARNING):
        shared = lease_gpu(["0", "1"], tmp_path)
    assert shared in ("0", "1")
    assert os.environ.pop(VISIBLE) == shared
    (record,) = caplog.records
    assert record.getMessage() == (f"every GPU is taken by another job; sharing GPU {shared}")


def test_a_job_that_may_share_holds_no_gpu(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv(VISIBLE, "GPU-a,GPU-b")
    assert lease_gpu(folder=tmp_path, alone=False) in ("GPU-a", "GPU-b")
    assert os.environ[VISIBLE] in ("GPU-a", "GPU-b")
    assert not list(tmp_path.iterdir())
    assert not caplog.records


def test_what_is_visible_already_is_what_there_is(holder, tmp_path):
    given = {VISIBLE: "3, 5"}
    assert holder("0,1", tmp_path, **given)[1] == "3"
    assert holder("0,1", tmp_path, **given)[1] == "5"


def test_a_clusters_assignment_stays(holder, tmp_path):
    given = {VISIBLE: "GPU-7"}
    assert holder("0,1", tmp_path, **given)[1] == "GPU-7"
    assert holder("0,1", tmp_path, **given)[1] == "GPU-7"
    assert not list(tmp_path.iterdir())


def test_what_follows_a_name_that_is_none_is_not_visible(holder, tmp_path):
    given = {VISIBLE: "0,2,-1,1"}
    assert [holder("9", tmp_path, **given)[1] for _ in range(2)] == ["0", "2"]
    assert holder("9", tmp_path, **given)[1] in ("0", "2")  # shared; 1 is hidden


def test_a_gpu_is_the_same_by_number_and_by_name(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(gpus, "gpu_uuids", lambda: ["GPU-a", "GPU-b"])
    monkeypatch.setenv(VISIBLE, "1,0")
    assert lease_gpu(folder=tmp_path) == "1"
    monkeypatch.delenv(VISIBLE)
    assert lease_gpu(folder=tmp_path) == "GPU-a"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["GPU-a.lock", "GPU-b.lock"]
    monkeypatch.setattr(gpus, "gpu_uuids", lambda: ["GPU-cccc", "GPU-dddd"])
    monkeypatch.setenv(VISIBLE, "GPU-d,GPU-c")
    assert lease_gpu(folder=tmp_path) == "GPU-d"
    assert (tmp_path / "GPU-dddd.lock").exists()
    assert not caplog.records
    monkeypatch.delenv(VISIBLE)


def test_a_file_system_without_locks_is_a_warning(tmp_path, monkeypatch, caplog):
    def no_locks(*_):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(locks.fcntl, "flock", no_locks)
    assert try_lock(tmp_path / "run.lock")
    (record,) = caplog.records
    assert "cannot be locked" in record.getMessage()


def test_where_no_lock_can_be_made_jobs_share_with_a_warning(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv(VISIBLE, "0,1")
    (tmp_path / "file").write_text("")
    assert lease_gpu(folder=tmp_path / "file" / "locks") in ("0", "1")
    (record,) = caplog.records
    assert record.getMessage().startswith("GPUs cannot be locked (")
    monkeypatch.setenv(VISIBLE, "")


@pytest.mark.parametrize("given", ["", " "])
def test_no_gpu_is_none(monkeypatch, tmp_path, given):
    monkeypatch.setenv(VISIBLE, given)
    assert lease_gpu(["0"], tmp_path) is None
    assert os.environ[VISIBLE] == given
    monkeypatch.delenv(VISIBLE)
    assert lease_gpu([], tmp_path) is None
    assert VISIBLE not in os.environ
