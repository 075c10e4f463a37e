"""The tracker mirrors a run, and whatever it does, the job goes on."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from PIL import Image

from blocklab.files import WORKFLOW
from blocklab.jobs import tracking
from blocklab.jobs.trackers import wandb
from blocklab.jobs.tracking import mirror

SETTINGS = {"tracker": "wandb", "mode": "offline", "project": "blocklab", "entity": None}

# Trackers that behave as they are called, and wandb in a hurry.
BEHAVIOURS = {
    "well": "",
    "hang": "subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])",
    "crash": "os._exit(3)",
    "complain": "raise RuntimeError('no luck\\nand a second line')",
    "hang_at_exit": "import atexit; atexit.register(time.sleep, 60)",
}
FAKE = """
import os, subprocess, sys, time

def log(run, settings, folder):
    print("noise on stdout")
    os.system("echo more noise")
    {behaviour}
    return f"{{run['network']}}/{{run['seed']}}/{{run['config']['rate']}}/{{settings['mode']}}"
"""
HURRY = "from blocklab.jobs.trackers import wandb; wandb.INIT_SECONDS = 1; log = wandb.log"


def run(seed: int = 0, network: str = "vgg") -> dict:
    history = [
        {"epoch": epoch, "acc": 0.5 + epoch / 100, "loss": 1.5, "validation_acc": float("nan")}
        for epoch in (1, 2, 3)
    ]
    summary = {"acc": 0.53, "loss": 1.5, "test_acc": 0.6, "test_loss": 1.4, "gpu_samples": None}
    samples = [
        {"seconds": 0.2, "cpu_percent": 90.0, "gpu_utilisation_percent": 40.0},
        {"seconds": 0.4, "cpu_percent": 80.0, "gpu_utilisation_percent": float("nan")},
    ]
    return {
        "study": "demo",
        "group": "demo mnist 32x32",
        "network": network,
        "seed": seed,
        "key": f"{network}{seed}key",
        "config": {"rate": 0.001},
        "history": history,
        "samples": samples,
        "summary": summary,
    }


def draw(run: dict, folder: Path) -> dict[str, Path]:
    """Draw two images that tell their run by their width."""
    paths = {name: folder / f"{name}.png" for name in ("heatmap", "confusion")}
    for path in paths.values():
        Image.new("L", (10 + run["seed"], 20)).save(path)
    return paths


@pytest.fixture(autouse=True)
def nobody(tmp_path, monkeypatch):
    """Hide the keys and settings that the person running the tests may have."""
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NETRC", str(tmp_path / "home" / ".netrc"))
    monkeypatch.setenv("PYTHONPATH", str(WORKFLOW))


@pytest.fixture
def track(tmp_path):
    """Return a function: a run and changed settings -> the receipt of a study's first job."""

    def first(run: dict, **changes: str) -> dict:
        (tmp_path / "given_up").unlink(missing_ok=True)
        settings = SETTINGS | changes
        return mirror(run, draw, settings, tmp_path / "tracking", tmp_path / "given_up")

    return first


@pytest.fixture
def fakes(tmp_path, monkeypatch):
    """Let the trackers be those of BEHAVIOURS and `hurry`, which may take 2 s."""
    folder = tmp_path / "fakes"
    folder.mkdir()
    (folder / "hurry.py").write_text(HURRY)
    for name, behaviour in BEHAVIOURS.items():
        (folder / f"{name}.py").write_text(FAKE.format(behaviour=behaviour or "pass"))
    monkeypatch.setenv("PYTHONPATH", f"{WORKFLOW}{os.pathsep}{tmp_path}")
    monkeypatch.setattr(tracking, "TRACKERS", "fakes")
    monkeypatch.setattr(tracking, "START_SECONDS", 1)
    monkeypatch.setattr(tracking, "LOG_SECONDS", 1)


def inspect(folder: Path, *options: str) -> str:
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", *options, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def records(folder: Path, kind: str) -> list[dict]:
    """Return what wandb's own reader finds of a kind of record in an offline run."""
    found = map(json.loads, inspect(folder).splitlines())
    return [record[kind] for record in found if record["type"] == kind]


def test_wandb_offline_holds_config_curves_samples_images_and_summary(tmp_path, track, monkeypatch):
    monkeypatch.setenv("BLOCKLAB_SECRET", "do-not-tell")
    receipt = track(run(1))
    assert receipt["warning"] is None
    assert (receipt["tracker"], receipt["mode"]) == ("wandb", "offline")

    folder = tmp_path / "tracking" / receipt["id"]
    logged = json.loads(inspect(folder, "--summary"))
    assert (logged["name"], logged["run_id"]) == ("demo vgg seed 1", "vgg1key")
    assert logged["project"] == "blocklab"
    assert logged["state"] == "finished"
    assert logged["config"] == {"rate": 0.001}
    summary = {name: value for name, value in logged["summary"].items() if name[0] != "_"}
    images = {name: summary.pop(name) for name in ("heatmap", "confusion")}
    expected = {"epoch": 3, "acc": 0.53, "loss": 1.5, "test_acc": 0.6, "test_loss": 1.4}
    assert summary == expected
    for name, image in images.items():
        path = folder / "files" / image["path"]
        assert path.name.startswith(name)
        assert Image.open(path).size == (image["width"], image["height"]) == (11, 20)

    (head,) = records(folder, "run")
    assert (head["run_group"], head["job_type"]) == ("demo mnist 32x32", "vgg")
    assert "host" not in head
    history = [entry["item"] for entry in records(folder, "history")]
    assert [row["acc"] for row in history if "acc" in row] == [0.51, 0.52, 0.53]
    samples = [
        {name.removeprefix("samples/"): value for name, value in row.items() if "samples/" in name}
        for row in history
    ]
    assert list(filter(None, samples)) == [
        {"seconds": 0.2, "cpu_percent": 90, "gpu_utilisation_percent": 40},
        {"seconds": 0.4, "cpu_percent": 80},
    ]
    steps = {metric.get("name"): metric.get("step_metric") for metric in records(folder, "metric")}
    assert steps["samples/cpu_percent"] == steps["samples/gpu_utilisation_percent"]
    assert steps["samples/cpu_percent"] == "samples/seconds"
    content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"do-not-tell" not in content
    kept = {path.name for path in (folder / "files").iterdir()}
    assert kept == {"media"}, "no metadata, requirements or code"

    again = tmp_path / "tracking" / track(run(1))["id"]
    assert json.loads(inspect(again, "--summary"))["run_id"] == "vgg1key"
    found = [path.parent for path in (tmp_path / "tracking").rglob("*.wandb")]
    assert found == [again], "a rerun replaces the run"


def test_wandb_online_without_a_key_is_one_warning(track, caplog):
    receipt = track(run(), mode="online")
    assert receipt["id"] is None
    told = "wandb (online) did not log vgg, seed 0: UsageError: No API key"
    assert receipt["warning"].startswith(told)
    assert [record.getMessage() for record in caplog.records] == [receipt["warning"]]


@pytest.mark.parametrize(
    ("listening", "reason"), [(True, "CommError: Timed out"), (False, "CommError")]
)
def test_a_server_that_never_answers_or_is_not_there_costs_seconds(
    fakes, track, monkeypatch, listening, reason
):
    monkeypatch.setattr(tracking, "START_SECONDS", 30)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
        if not listening:
            server.close()
        started = time.monotonic()
        receipt = track(run(), tracker="hurry", mode="online")
        assert time.monotonic() - started < 10
    assert f"did not log vgg, seed 0: {reason}" in receipt["warning"]
    assert "\n" not in receipt["warning"]
    assert psutil.Process().children(recursive=True) == []


def test_wandb_says_itself_what_is_wrong():
    assert wandb.INIT_SECONDS + wandb.FINISH_SECONDS < tracking.LOG_SECONDS < 20


def test_without_wandb_there_is_a_warning(tmp_path, track, monkeypatch):
    (tmp_path / "wandb.py").write_text("raise ImportError('not installed')")
    monkeypatch.setenv("PYTHONPATH", f"{WORKFLOW}{os.pathsep}{tmp_path}")
    assert "seed 0: ImportError: not installed" in track(run())["warning"]


def test_a_folder_that_cannot_be_made_is_a_warning(tmp_path, track):
    (tmp_path / "tracking").write_text("")
    receipt = track(run())
    assert receipt["id"] is None
    assert "FileExistsError" in receipt["warning"]


def test_wandb_may_not_fall_back_to_the_temporary_folder(tmp_path, monkeypatch):
    fake = SimpleNamespace(Settings=dict, util=SimpleNamespace())
    monkeypatch.setitem(sys.modules, "wandb", fake)
    monkeypatch.setitem(sys.modules, "wandb.sdk.launch", None)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match=f"{tmp_path} is not writable"):
        wandb.log(run(), SETTINGS, str(tmp_path))


def test_images_that_cannot_be_drawn_are_a_warning_and_the_run_is_logged(tmp_path, fakes, caplog):
    def fail(run: dict, folder: Path) -> dict[str, Path]:
        raise ValueError("no such colour")

    settings = SETTINGS | {"tracker": "well"}
    receipt = mirror(run(), fail, settings, tmp_path / "tracking", tmp_path / "given_up")
    assert (receipt["id"], receipt["warning"]) == ("vgg/0/0.001/offline", None)
    messages = [record.getMessage() for record in caplog.records]
    assert messages == ["no images of vgg seed 0: no such colour"]


def test_nothing_is_drawn_for_nobody(tmp_path):
    (tmp_path / "given_up").write_text("no luck")
    for mode in ("offline", "disabled"):
        settings = SETTINGS | {"mode": mode}
        mirror(run(), pytest.fail, settings, tmp_path / "tracking", tmp_path / "given_up")


def test_a_run_is_described_so_that_studies_and_trainings_are_told_apart():
    study = {"name": "demo", "dataset": {"name": "mnist", "input_size": 32}}
    sizes, trained = {"training": 2000, "test": 100}, {"data_sha256": "a", "started": "now"}
    job = {"batch_size": 50, "training": {"epochs": 2}}

    def describe(network: str = "vgg", provenance: dict = trained, epochs: int = 2) -> dict:
        changed = job | {"training": {"epochs": epochs}}
        summary = {"network": network, "seed": 3, "acc": 0.5}
        return tracking.describe_run(study, sizes, changed, provenance, summary)

    one = describe()
    assert one["group"].startswith("demo mnist 32x32, 2000 images, 2 epochs, ")
    assert one["config"] == job | {
        "study": "demo",
        "seed": 3,
        "dataset": study["dataset"] | {"training_images": 2000, "test_images": 100},
    }
    again = describe()
    assert again == one and len(one["key"]) == 16
    other = describe("csp")
    assert (other["group"] == one["group"], other["key"] == one["key"]) == (True, False)
    assert describe(provenance=trained | {"started": "later"})["key"] != one["key"]
    groups = {
        d["group"] for d in (one, describe(epochs=3), describe(provenance={"data_sha256": "b"}))
    }
    assert len(groups) == 3


def test_a_study_waits_once_and_warns_once(tmp_path, fakes, track, caplog):
    caplog.set_level("INFO")
    first = track(run(1), tracker="hang")
    started = time.monotonic()
    settings = SETTINGS | {"tracker": "hang"}
    second = mirror(run(1, "csp"), draw, settings, tmp_path / "tracking", tmp_path / "given_up")
    assert time.monotonic() - started < 0.5
    assert "did not log vgg, seed 1: no answer in 2 s" in first["warning"]
    assert second["warning"] == first["warning"].replace("vgg", "csp")
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_jobs_that_fail_side_by_side_warn_once(tmp_path):
    assert tracking._give_up(tmp_path / "given_up", "no luck")
    assert not tracking._give_up(tmp_path / "given_up", "no luck either")
    assert tracking._give_up(tmp_path / "no folder" / "given_up", "no luck")


def test_a_run_is_logged_whatever_is_printed(tmp_path, fakes, track, caplog):
    assert track(run(), tracker="well") == {
        "tracker": "well",
        "mode": "offline",
        "id": "vgg/0/0.001/offline",
        "warning": None,
    }
    assert caplog.records == []
    assert not (tmp_path / "given_up").exists()


@pytest.mark.parametrize(
    "behaviour, reason",
    [("crash", "its process ended early"), ("complain", "RuntimeError: no luck (the")],
)
def test_what_goes_wrong_is_one_warning(fakes, track, caplog, behaviour, reason):
    receipt = track(run(), tracker=behaviour)
    assert receipt["id"] is None
    assert f"seed 0: {reason}" in receipt["warning"]
    assert [record.getMessage() for record in caplog.records] == [receipt["warning"]]
    assert psutil.Process().children(recursive=True) == []


def test_a_tracker_that_hangs_at_exit_is_ended(fakes, track, monkeypatch):
    monkeypatch.setattr(tracking, "START_SECONDS", 600)
    started = time.monotonic()
    assert track(run(1), tracker="hang_at_exit")["warning"] is None
    assert time.monotonic() - started < 10


def test_a_run_that_json_cannot_hold_is_a_warning(fakes, track):
    broken = run()
    broken["config"]["path"] = Path("x")
    assert "did not log" in track(broken, tracker="well")["warning"]


def test_disabled_means_no_tracker(track):
    receipt = track(run(), mode="disabled")
    assert receipt == {"tracker": None, "mode": "disabled", "id": None, "warning": None}
