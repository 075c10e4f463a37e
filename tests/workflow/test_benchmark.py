"""The benchmark runs and its table is well-formed; what it measures is not asserted."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

PROJECT = Path(__file__).parents[2]
RUN = [sys.executable, str(PROJECT / "benchmarks" / "run.py")]

pytestmark = pytest.mark.workflow


def test_every_loop_runs_and_is_in_the_tables(tmp_path):
    networks = ["exp3"]
    command = [*RUN, "--tiny", "--rounds", "1", "--output", str(tmp_path), "--networks", *networks]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    table = pd.read_csv(tmp_path / "benchmark.csv")
    cores = os.cpu_count()
    expected = ["plain loop", "Blocklab, one job", f"Blocklab, {cores} jobs side by side"]
    for network in networks:
        rows = table[table["network"] == network]
        assert [loop for loop in rows["loop"] if loop != "Lightning"] == expected
    measured = table.drop(columns=["network", "loop"])
    assert measured.notna().all(axis=None)
    assert (measured.drop(columns=["one_off_seconds", "step_bytes"]) > 0).all(axis=None)
    assert (table.loc[table["loop"] == "plain loop", "speed_up"] == 1).all()

    page = (tmp_path / "benchmark.md").read_text(encoding="utf-8")
    assert page in run.stdout
    assert "n = 1 epochs" in page
    for lines in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        assert len({line.count("|") for line in lines.splitlines()}) == 1
    for network in networks:
        # A row in the table of speeds and one in that of the machine's bounds.
        assert page.count(f"| {network} | plain loop |") == 2


def test_cuda_where_there_is_none_is_one_line(tmp_path):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    command = [*RUN, "--device", "cuda", "--output", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1].endswith("there is no CUDA device here; use --device cpu")


def test_torch_torchvision_numpy_and_pandas_are_enough(tmp_path):
    """The machine with the GPU may have no more: import the rest, and fail."""
    missing = "yaml safetensors tqdm platformdirs psutil jsonschema snakemake captum wandb scipy"
    (tmp_path / "sitecustomize.py").write_text(
        f"import sys\nfor name in {missing.split()!r} + ['lightning']:\n"
        "    sys.modules[name] = None\n"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [*RUN, "--tiny", "--rounds", "1", "--networks", "exp3", "--output", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert run.returncode == 0, run.stderr
    assert "Lightning" not in run.stdout
