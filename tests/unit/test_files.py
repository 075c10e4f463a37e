"""Nobody reads half a file."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from blocklab import files
from blocklab.files import (
    canonical_json,
    remove_unfinished,
    sha256,
    write_arrays,
    write_atomically,
    write_json,
    write_table,
)

LIBRARY = Path(files.__file__).parents[1]


@pytest.fixture
def umask():
    """Return os.umask; the process has its own again after the test."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def test_a_file_appears_whole_and_alone(tmp_path):
    path = tmp_path / "deep" / "er" / "table.csv"
    with write_atomically(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.parent == path.parent  # or a rename could cross file systems
        assert temporary.suffix == ".csv"
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(error), write_atomically(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_no_file_where_there_was_none(tmp_path):
    with pytest.raises(ValueError), write_atomically(tmp_path / "table.csv"):
        raise ValueError
    assert not list(tmp_path.iterdir())


def test_a_rename_that_fails_leaves_no_temporary_file(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError), write_atomically(tmp_path / "folder") as temporary:
        temporary.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_files_have_the_mode_that_the_user_wants_for_new_files(tmp_path, umask):
    umask(0o027)
    write_json(tmp_path / "file.json", {})
    assert (tmp_path / "file.json").stat().st_mode & 0o777 == 0o640


def test_sha256_is_of_the_content(tmp_path):
    (tmp_path / "file").write_bytes(b"abc" * 100_000)
    assert sha256(tmp_path / "file") == hashlib.sha256(b"abc" * 100_000).hexdigest()


def test_json_tables_and_arrays_come_back(tmp_path):
    value = {"b": [1, None], "a": "ä"}
    write_json(tmp_path / "file.json", value)
    assert json.loads((tmp_path / "file.json").read_text(encoding="utf-8")) == value
    assert (tmp_path / "file.json").read_text().endswith("}\n")
    table = pd.DataFrame({"x": [0.1, np.nan], "y": ["a", "b"]}, index=[5, 6])
    write_table(tmp_path / "table.csv", table)
    assert (tmp_path / "table.csv").read_text() == "x,y\n0.1,a\n,b\n"
    write_arrays(tmp_path / "arrays.npz", first=np.arange(3), second=np.ones((2, 2), np.float32))
    with np.load(tmp_path / "arrays.npz", allow_pickle=False) as arrays:
        assert arrays["first"].tolist() == [0, 1, 2]
        assert arrays["second"].dtype == np.float32
    assert len(list(tmp_path.iterdir())) == 3


def test_what_json_cannot_hold_leaves_no_file(tmp_path):
    with pytest.raises(TypeError):
        write_json(tmp_path / "file.json", {"path": tmp_path})
    assert not list(tmp_path.iterdir())


def test_canonical_json_ignores_the_order_of_keys_at_every_depth():
    one = canonical_json({"a": {"x": 1, "y": [1, 2.5]}, "b": None})
    other = canonical_json({"b": None, "a": {"y": [1, 2.5], "x": 1}})
    assert one == other == '{"a":{"x":1,"y":[1,2.5]},"b":null}'
    assert canonical_json({"a": [1, 2]}) != canonical_json({"a": [2, 1]})


def test_canonical_json_refuses_what_json_cannot_hold():
    with pytest.raises(ValueError):
        canonical_json({"loss": float("nan")})


def test_the_remains_of_a_killed_process_are_removed_and_nothing_else(tmp_path):
    path = tmp_path / "deep" / "table.csv"
    write_json(tmp_path / ".hidden.json", {})
    script = (
        "import os, signal; from blocklab.files import write_atomically\n"
        f"with write_atomically({str(path)!r}) as temporary:\n"
        "    temporary.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": str(LIBRARY)})
    assert len(list(path.parent.iterdir())) == 1
    with write_atomically(path) as mine, write_atomically(path) as other:
        mine.write_text("whole")
        other.write_text("whole")  # two processes that fetch the same file
    remove_unfinished(tmp_path)
    assert sorted(tmp_path.rglob("*")) == [tmp_path / ".hidden.json", path.parent, path]


def test_a_mistake_of_ours_is_not_blamed_on_a_disk_with_room(tmp_path):
    with pytest.raises(KeyError), write_atomically(tmp_path / "table.csv"):
        raise KeyError("a mistake of ours")


def test_content_is_on_the_disk_before_the_name_is(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append("flush"), fsync(handle)))
    monkeypatch.setattr(os, "replace", lambda *paths: (done.append("rename"), replace(*paths)))
    write_json(tmp_path / "file.json", {})
    assert done == ["flush", "rename", "flush"]
