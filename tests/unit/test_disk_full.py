"""A full disk, a real one: one line, nothing half-written, and what was there is still there."""

import contextlib
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import platformdirs
import pytest
import torch
from matplotlib.figure import Figure

from blocklab.data.manifest import write_manifest
from blocklab.data.sources import _keep
from blocklab.errors import UserError
from blocklab.files import write_arrays, write_atomically, write_json, write_table
from blocklab.networks.kernels import compiled as kernels
from blocklab.networks.network import initialise, resolve
from blocklab.networks.weights import save_weights
from blocklab.report.figures.style import save
from blocklab.tensors import save_tensors
from blocklab.training.checkpoint import Checkpoints
from blocklab.training.learner import Learner

BLOCK = 4096  # bytes; what a file takes at least
NOISE = np.random.default_rng(0).random(20_000)


def text(path: Path) -> None:
    with write_atomically(path) as temporary:
        temporary.write_text("x" * 100_000, encoding="utf-8")


def figure(path: Path) -> None:
    figure = Figure()
    figure.add_subplot().imshow(NOISE.reshape(100, 200))
    save(figure, path)


WRITERS = {
    "data.safetensors": lambda path: save_tensors(path, {"images": torch.from_numpy(NOISE)}),
    "data.json": lambda path: write_manifest(path, {"values": NOISE.tolist()}),
    "resources.json": lambda path: write_json(path, NOISE.tolist()),
    "history.csv": lambda path: write_table(path, pd.DataFrame({"loss": NOISE})),
    "predictions.npz": lambda path: write_arrays(path, logits=NOISE),
    "figure.png": figure,
    "summary.md": text,
    "train-images-idx3-ubyte": lambda path: _keep(bytearray(NOISE.tobytes()), path),
}


class SmallDisk:
    """A tmpfs of 1 MiB."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ballast = folder, folder / "ballast"

    def fill(self, left: int) -> None:
        """Leave so many bytes free."""
        with contextlib.suppress(OSError), self.ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(BLOCK))
        os.truncate(self.ballast, self.ballast.stat().st_size - left)

    def names(self) -> list[str]:
        files = [path for path in self.folder.rglob("*") if path.is_file() and path != self.ballast]
        return sorted(str(path.relative_to(self.folder)) for path in files)


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a disk cannot be mounted here; that takes root")
    yield SmallDisk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("left", [0, BLOCK, 10 * BLOCK])
@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_file(disk, name, left):
    path = disk.folder / name
    path.write_text("old")
    disk.fill(left)
    with pytest.raises(UserError) as error:
        WRITERS[name](path)
    assert str(error.value) == f"cannot write {path}: the disk is full; make room and run again"
    assert path.read_text() == "old"
    assert disk.names() == [name]
    disk.ballast.unlink()
    WRITERS[name](path)
    assert path.stat().st_size > 10 * BLOCK
    assert disk.names() == [name]


def test_weights(disk):
    layers = resolve(
        "net", ["flatten", {"linear": {"out": 64}}, {"linear": "classes"}], (1, 8, 8), 4
    )
    path, network = disk.folder / "weights.safetensors", initialise(layers, 0)
    disk.fill(BLOCK)
    with pytest.raises(UserError, match="the disk is full"):
        save_weights(path, network, 0)
    assert disk.names() == []


def test_a_checkpoint_is_one_warning(disk, small_layers, make_data, make_settings, caplog):
    learner = Learner(small_layers, make_data().training, make_settings(), 3)
    learner.warm_up()
    disk.fill(0)
    checkpoints = Checkpoints(disk.folder / "checkpoint", "x")
    checkpoints.save(learner)
    checkpoints.save(learner)
    (record,) = caplog.records
    assert record.getMessage().startswith("no more checkpoints, a killed run would start anew: ")
    assert "the disk is full" in record.getMessage()
    assert disk.names() == []


@pytest.mark.skipif(kernels.load_kernels() is None, reason="no C++ compiler here")
def test_kernels_are_one_warning(disk, quick_compiler, monkeypatch, caplog):
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: str(disk.folder))
    disk.fill(BLOCK)
    with caplog.at_level(logging.WARNING):
        assert kernels.load_kernels.__wrapped__() is None
    (record,) = caplog.records
    assert "training goes without the compiled kernels" in record.getMessage()
    assert disk.names() == []


def test_a_log_is_silent(disk):
    """What is wrong reaches the terminal; that the log has no room adds nothing to it."""
    disk.fill(0)
    log = disk.folder / "job.log"
    script = (
        "from types import SimpleNamespace as Made\nfrom blocklab.jobs import job\n"
        "from blocklab.errors import UserError\n"
        "job.check_stamp = lambda *_: None\n"
        f"with job.as_job(Made(log=[{str(log)!r}], params=Made(code=''))):\n"
        "    raise UserError('cannot write it')"
    )
    library = Path(kernels.__file__).parents[3]
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(library)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert run.stderr.endswith("ERROR cannot write it\n")
    assert run.stderr.count("\n") == 1
