"""What is found of a user's files before any job, and that they are read again when they change."""

import hashlib
import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

from blocklab.data import checks, datasets
from blocklab.data.checks import changes, check_files
from blocklab.data.manifest import state
from blocklab.errors import UserError
from blocklab.files import sha256

GREY = np.zeros((6, 6), np.uint8)


@pytest.fixture
def memory(tmp_path):
    return tmp_path / "memory.json"


@pytest.fixture
def check(listed_anew, memory):
    """Return `check_files` as another process would call it: settings -> checksums."""

    def run(settings):
        listed_anew()
        return check_files(settings, memory)

    return run


def test_every_file_has_its_checksum_and_is_read_once(
    classes, settings, tmp_path, check, monkeypatch
):
    own = tmp_path / "own"
    found = check(settings)
    assert found["cat/00.png"] == sha256(own / "cat" / "00.png")
    assert len(found) == 12
    monkeypatch.setattr(checks, "sha256", lambda path: pytest.fail(f"{path} is read again"))
    assert check(settings) == found
    read = []
    monkeypatch.setattr(checks, "sha256", lambda path: read.append(path) or "other")
    os.utime(own / "cat" / "01.png")
    assert check(settings) == found | {"cat/01.png": "other"}
    assert read == [own / "cat" / "01.png"]


def test_touching_changes_nothing_and_editing_is_told(
    classes, settings, tmp_path, check, prepared, save
):
    own, manifest = tmp_path / "own", tmp_path / "out" / "own.json"
    before = check(settings)
    assert changes(before, manifest) == ""  # nothing was prepared
    prepared()
    for path in own.rglob("*.png"):
        os.utime(path, (1, 1))
    touched = check(settings)
    assert (state(touched), changes(touched, manifest)) == (state(before), "")
    (own / "cat" / "00.png").unlink()
    for name in ("cat/01.png", "dog/11.png", "dog/new.png"):
        save(name, GREY + 7)
    edited = check(settings)
    assert changes(edited, manifest) == "1 new, 2 changed, 1 gone"
    assert state(edited) != state(before)


def test_files_that_change_between_plan_and_job_are_refused(
    classes, settings, tmp_path, check, save
):
    from blocklab.data.preparation import prepare
    from blocklab.data.sources import fetch

    planned = state(check(settings))
    raw = fetch("folder", "auto", settings["directory"])
    save("cat/00.png", GREY + 7)
    paths = tmp_path / "out.safetensors", tmp_path / "out.json"
    with pytest.raises(UserError, match="have changed since this run began; start it again"):
        prepare(settings, raw, *paths, expected=planned)
    assert not any(path.exists() for path in paths)


@pytest.fixture
def kmnist(settings, tmp_path):
    """Settings for a folder with files of a built-in data set, of which one is wrong."""
    own = tmp_path / "own"
    own.mkdir()
    for name in datasets.DATASETS["kmnist"].files:
        (own / f"{name}.gz").write_bytes(b"wrong")
    return settings | {"name": "kmnist"}


def test_wrong_files_of_a_built_in_data_set_are_refused(kmnist, tmp_path, check):
    with pytest.raises(
        UserError, match=r"train-images-idx3-ubyte.gz is refused: expected MD5 bdb8"
    ):
        check(kmnist)
    assert check(kmnist | {"source": "cache"}) == {}
    (tmp_path / "own" / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(UserError, match="own has neither t10k-labels-idx1-ubyte nor"):
        check(kmnist)
    shutil.rmtree(tmp_path / "own")
    with pytest.raises(UserError, match="own is not a folder"):
        check(kmnist)


def test_right_files_of_a_built_in_data_set_are_read_once(kmnist, memory, check, monkeypatch):
    entry = datasets.DATASETS["kmnist"]
    md5 = dict.fromkeys(entry.md5, hashlib.md5(b"wrong").hexdigest())
    monkeypatch.setitem(datasets.DATASETS, "kmnist", replace(entry, md5=md5))
    read, verify = [], checks.verify
    monkeypatch.setattr(
        checks, "verify", lambda found: read.append(found.path.name) or verify(found)
    )
    assert check(kmnist) == {}
    assert check(kmnist) == {}
    assert read == [f"{name}.gz" for name in datasets.DATASETS["kmnist"].files]
    assert len(json.loads(memory.read_text())) == 4


def test_a_damaged_memory_is_none(classes, settings, memory, check):
    memory.write_bytes(b"{")
    assert len(check(settings)) == 12


def test_a_file_that_may_not_be_read_is_one_line(classes, settings, check, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(checks, "sha256", refuse)
    with pytest.raises(UserError, match=r"^dataset.directory: .*00.png: Permission denied$"):
        check(settings)
