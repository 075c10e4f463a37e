"""The tracker mirrors runs, and whatever it does, the job goes on."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from blocklab.errors import UserError
from blocklab.jobs import tracking
from blocklab.jobs.tracking import Run, WandbTracker, mirror, tracker_for

SETTINGS = {"tracker": "wandb", "mode": "offline", "project": "blocklab", "entity": None}

# Trackers that misbehave, for the process that logs to import.
FAKES = """
import os, subprocess, sys, time
from dataclasses import dataclass

@dataclass
class Fake:
    behaviour: str
    mode = "online"
    name = "fake"

    def start(self):
        if self.behaviour == "slow start":
            time.sleep(1.5)
        if self.behaviour == "hang at exit":
            import atexit
            atexit.register(time.sleep, 600)

    def log(self, run):
        if self.behaviour == "slow":
            time.sleep(0.4)
        if run.seed == 1:
            if self.behaviour == "hang":
                subprocess.run([sys.executable, "-c", "import time; time.sleep(600)"])
            if self.behaviour == "crash":
                os._exit(3)
            if self.behaviour == "raise":
                raise RuntimeError("no luck\\nand a second line")
        print("noise on stdout")
        os.system("echo more noise")
        return f"{run.network}/{run.seed}/{run.config['rate']}/{run.summary['acc']}"
"""


def run(seed: int = 0, network: str = "vgg") -> Run:
    history = [
        {"epoch": epoch, "acc": 0.5 + epoch / 100, "loss": 1.5, "validation_acc": float("nan")}
        for epoch in (1, 2, 3)
    ]
    summary = {"acc": 0.53, "loss": 1.5, "test_acc": 0.6, "test_loss": 1.4, "gpu_samples": None}
    return Run(network, seed, {"rate": 0.001}, history, summary)


@pytest.fixture
def wandb_at_home(tmp_path, monkeypatch):
    """Hide the keys and settings that the person running the tests may have."""
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NETRC", str(tmp_path / "home" / ".netrc"))


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Return a function that makes a fake tracker; a run may take it a second."""
    (tmp_path / "fakes.py").write_text(FAKES)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(tracking, "RUN_SECONDS", 1)
    monkeypatch.setattr(tracking, "EXIT_SECONDS", 0.5)
    import fakes

    yield fakes.Fake
    del sys.modules["fakes"]


def inspect(folder: Path, *options: str) -> str:
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", *options, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_wandb_offline_holds_config_curves_and_summary(tmp_path, wandb_at_home, monkeypatch):
    monkeypatch.setenv("BLOCKLAB_SECRET", "do-not-tell")
    receipt = mirror(tracker_for(SETTINGS, tmp_path / "pack"), [run(0), run(1)])
    assert receipt["warning"] is None
    assert (receipt["tracker"], receipt["mode"]) == ("wandb", "offline")
    assert [(row["network"], row["seed"]) for row in receipt["runs"]] == [("vgg", 0), ("vgg", 1)]

    folder = tmp_path / "pack" / receipt["runs"][1]["id"]
    logged = json.loads(inspect(folder, "--summary"))
    assert logged["name"] == "vgg seed 1"
    assert logged["project"] == "blocklab"
    assert logged["state"] == "finished"
    assert logged["config"] == {"rate": 0.001}
    summary = {name: value for name, value in logged["summary"].items() if name[0] != "_"}
    expected = {"epoch": 3, "acc": 0.53, "loss": 1.5, "test_acc": 0.6, "test_loss": 1.4}
    assert summary == expected

    records = inspect(folder)
    assert records.count('"type":"history"') == 3
    content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"do-not-tell" not in content
    assert list((folder / "files").iterdir()) == [], "no metadata, requirements or code"


def test_a_rerun_replaces_the_offline_run(tmp_path, wandb_at_home):
    tracker = tracker_for(SETTINGS, tmp_path)
    first = mirror(tracker, [run()])["runs"][0]["id"]
    second = mirror(tracker, [run()])["runs"][0]["id"]
    assert first != second
    assert [path.parent for path in tmp_path.rglob("*.wandb")] == [tmp_path / second]


def test_wandb_online_without_a_key_is_one_warning(tmp_path, wandb_at_home, caplog):
    receipt = mirror(tracker_for({**SETTINGS, "mode": "online"}, tmp_path), [run(0), run(1)])
    assert receipt["runs"] == []
    assert receipt["warning"].startswith("wandb (online) has 0 of 2 runs: UsageError: No API key")
    assert [record.getMessage() for record in caplog.records] == [receipt["warning"]]


@pytest.mark.parametrize(
    ("listening", "reason"), [(True, "CommError: Timed out"), (False, "CommError")]
)
def test_a_server_that_never_answers_or_is_not_there_costs_seconds(
    tmp_path, wandb_at_home, monkeypatch, listening, reason
):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
        if not listening:
            server.close()
        started = time.monotonic()
        receipt = mirror(tracker_for({**SETTINGS, "mode": "online"}, tmp_path), [run(0), run(1)])
        assert time.monotonic() - started < 20
    assert receipt["runs"] == []
    assert f"0 of 2 runs: {reason}" in receipt["warning"]
    assert "\n" not in receipt["warning"]
    assert psutil.Process().children(recursive=True) == []


def test_a_study_waits_once_and_warns_once(fake, tmp_path, caplog):
    caplog.set_level("INFO")
    given_up = tmp_path / "given_up"
    first = mirror(fake("hang"), [run(1)], given_up)
    started = time.monotonic()
    second = mirror(fake("hang"), [run(1, "csp")], given_up)
    assert time.monotonic() - started < 0.5
    assert "0 of 1 runs: no answer in 1 s" in first["warning"]
    assert second["warning"] == first["warning"]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    given_up.unlink()
    assert mirror(fake("well"), [run(1)], given_up)["warning"] is None
    assert not given_up.exists()


def test_without_wandb_there_is_a_warning(tmp_path, monkeypatch):
    (tmp_path / "wandb.py").write_text("raise ImportError('not installed')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    receipt = mirror(tracker_for(SETTINGS, tmp_path), [run()])
    assert "0 of 1 runs: ImportError: not installed" in receipt["warning"]


def test_a_folder_that_cannot_be_made_is_a_warning(tmp_path, wandb_at_home):
    (tmp_path / "file").write_text("")
    receipt = mirror(tracker_for(SETTINGS, tmp_path / "file"), [run()])
    assert receipt["runs"] == []
    assert "NotADirectoryError" in receipt["warning"]


def test_wandb_may_not_fall_back_to_the_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace())
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match="vgg-seed0 is not writable"):
        WandbTracker("offline", "blocklab", None, str(tmp_path)).log(run())


def test_every_run_is_logged_whatever_is_printed(fake, caplog):
    runs = [run(0), run(1)]
    runs[1].summary["acc"] = np.float32(0.5)
    assert mirror(fake("well"), runs) == {
        "tracker": "fake",
        "mode": "online",
        "runs": [
            {"network": "vgg", "seed": 0, "id": "vgg/0/0.001/0.53"},
            {"network": "vgg", "seed": 1, "id": "vgg/1/0.001/0.5"},
        ],
        "warning": None,
    }
    assert caplog.records == []


@pytest.mark.parametrize(
    "behaviour, reason",
    [
        ("hang", "no answer in 1 s"),
        ("crash", "its process ended early"),
        ("raise", "RuntimeError: no luck (the"),
    ],
)
def test_after_the_first_failure_the_rest_is_skipped(fake, caplog, behaviour, reason):
    started = time.monotonic()
    receipt = mirror(fake(behaviour), [run(seed) for seed in range(20)])
    assert time.monotonic() - started < 10
    assert [row["seed"] for row in receipt["runs"]] == [0]
    assert f"1 of 20 runs: {reason}" in receipt["warning"]
    assert [record.getMessage() for record in caplog.records] == [receipt["warning"]]
    assert psutil.Process().children(recursive=True) == []


def test_a_slow_tracker_is_not_cut_as_long_as_it_gets_on(fake):
    assert len(mirror(fake("slow"), [run(seed) for seed in range(4)])["runs"]) == 4
    assert mirror(fake("slow start"), [run()])["warning"] is None


def test_a_tracker_that_hangs_at_exit_is_ended(fake):
    started = time.monotonic()
    assert mirror(fake("hang at exit"), [run()])["warning"] is None
    assert time.monotonic() - started < 10
    assert psutil.Process().children(recursive=True) == []


def test_runs_that_json_cannot_hold_are_a_warning(fake):
    broken = run()
    broken.config["path"] = Path("x")
    assert "0 of 1 runs" in mirror(fake("well"), [broken])["warning"]


def test_disabled_means_no_tracker():
    assert tracker_for({**SETTINGS, "mode": "disabled"}, "folder") is None
    receipt = mirror(None, [run()])
    assert receipt == {"tracker": None, "mode": "disabled", "runs": [], "warning": None}


def test_the_tracker_has_the_settings():
    tracker = tracker_for({**SETTINGS, "entity": "us", "mode": "online"}, Path("folder"))
    assert tracker == WandbTracker("online", "blocklab", "us", "folder")


def test_an_unknown_tracker_is_a_users_mistake():
    with pytest.raises(UserError, match=r"tracking\.tracker: 'mlflow' is not one of: wandb"):
        tracker_for({**SETTINGS, "tracker": "mlflow"}, "folder")
