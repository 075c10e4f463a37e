"""benchmarks/gpu.py, here on a processor: its parts run, outlive each other and end in time."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from idx_files import idx

PROJECT = Path(__file__).parents[2]
SCRIPT = PROJECT / "benchmarks" / "gpu.py"
sys.path.insert(0, str(SCRIPT.parent))
from children import Child  # noqa: E402

WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {
            "snakemake", "captum", "wandb", "jsonschema", "platformdirs", "scipy", "statsmodels",
        }:
            raise ModuleNotFoundError(f"No module named {name}", name=name)

sys.meta_path.insert(0, Missing())
"""

pytestmark = pytest.mark.workflow


@pytest.fixture
def packed_mnist(tmp_path):
    """A folder of small IDX files in .gz, with MNIST's names."""
    folder = tmp_path / "packed"
    folder.mkdir()
    random = np.random.default_rng(0)
    for name, count in (("train", 600), ("t10k", 150)):
        images = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = np.arange(count, dtype=np.uint8) % 10
        for kind, values in (("images-idx3", images), ("labels-idx1", labels)):
            (folder / f"{name}-{kind}-ubyte.gz").write_bytes(gzip.compress(idx(values)))
    return folder


def test_parts_outlive_a_failure_and_need_little_that_is_installed(tmp_path, packed_mnist):
    (tmp_path / "sitecustomize.py").write_text(WITHOUT)
    output = tmp_path / "output"
    command = [sys.executable, str(SCRIPT), "--data", str(packed_mnist), "--output", str(output)]
    command += ["--device", "cpu", "--tiny", "--networks", "exp3", "--minutes", "4", "--parts"]
    command += ["correctness", "training", "determinism", "packs"]
    # The first part fails.
    more = {"PYTHONPATH": str(tmp_path), "PYTEST_ADDOPTS": "--no-such-option"}
    run = subprocess.run(
        command, capture_output=True, text=True, timeout=300, env=os.environ | more
    )
    assert run.returncode == 0, run.stderr
    page = (output / "gpu.md").read_text(encoding="utf-8")
    assert page in run.stdout
    assert "**correctness: failed with code 4" in page
    assert "exp3: deterministic the same bits, free the same bits" in page
    table = pd.read_csv(output / "gpu.csv")
    assert table["part"].value_counts().to_dict() == {"determinism": 4, "training": 3, "packs": 2}
    assert (table[["epoch_seconds", "images_per_second", "test_acc"]] > 0).all(axis=None)
    assert table.loc[table["part"] == "packs", "seeds"].tolist() == [1, 8]


def test_a_process_that_hangs_is_stopped_and_what_it_printed_is_kept():
    hangs = "import time; print('{\"a\": 1}', flush=True); print('bye', flush=True); time.sleep(99)"
    child = Child([sys.executable, "-c", hangs], 1.5, os.environ)
    assert list(child.lines()) == ['{"a": 1}\n', "bye\n"]
    assert child.ended() == "stopped at its limit of 2 s"
    assert child.last_words() == "bye"
    assert child.code != 0
    assert child.seconds < 30
