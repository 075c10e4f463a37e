"""The benchmark runs and its table is well-formed; what it measures is not asserted."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

PROJECT = Path(__file__).parents[2]
RUN = [sys.executable, str(PROJECT / "benchmarks" / "run.py")]

pytestmark = pytest.mark.workflow


def run(folder: Path, *networks: str, **environment: str) -> pd.DataFrame:
    """Run the benchmark on a few images; return its table, and check the page against it."""
    command = [*RUN, "--tiny", "--rounds", "1", "--output", str(folder), "--networks", *networks]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, env=os.environ | environment
    )
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(folder / "benchmark.csv")
    measured = table.drop(columns=["network", "loop", "precision"])
    assert measured.notna().all(axis=None)
    assert (measured.drop(columns=["one_off_seconds", "step_bytes"]) > 0).all(axis=None)
    assert (table.loc[table["loop"] == "plain loop", "speed_up"] == 1).all()

    page = (folder / "benchmark.md").read_text(encoding="utf-8")
    assert page in done.stdout
    assert "n = 1 epochs" in page
    for lines in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        assert len({line.count("|") for line in lines.splitlines()}) == 1
    near = pd.read_csv(folder / "bounds.csv").set_index("network")
    for network in networks:
        # A row in the table of speeds and one in that of the machine's bounds.
        assert page.count(f"| {network} | plain loop |") == 1
        assert re.search(rf"^\| {network} \| \d+\.\d\d \|", page, re.MULTILINE)
        assert 0 < near.loc[network, "flops_seconds"] < near.loc[network, "multiplying_seconds"]
    return table


def test_every_loop_is_in_the_tables_and_needs_torch_torchvision_numpy_and_pandas_alone(tmp_path):
    """The machine with the GPU may have no more: import the rest, and fail."""
    missing = "yaml safetensors platformdirs psutil jsonschema snakemake captum wandb scipy"
    (tmp_path / "sitecustomize.py").write_text(
        f"import sys\nfor name in {missing.split()!r} + ['lightning', 'jax']:\n"
        "    sys.modules[name] = None\n"
    )
    table = run(tmp_path, "exp3", "vgg", PYTHONPATH=str(tmp_path))
    loops = ["plain loop", "Blocklab, one job", f"Blocklab, {os.cpu_count()} jobs side by side"]
    assert table[["network", "loop"]].values.tolist() == [
        [network, loop] for network in ("exp3", "vgg") for loop in loops
    ]
    page = (tmp_path / "benchmark.md").read_text(encoding="utf-8")
    assert re.search(r"^Keras on JAX is left out: jax(, keras)? not installed", page, re.MULTILINE)


@pytest.mark.skipif(not find_spec("lightning"), reason="needs PyTorch Lightning (make bench)")
def test_lightning_takes_part_where_it_is_installed(tmp_path):
    assert "Lightning" in run(tmp_path, "exp3")["loop"].tolist()


def test_cuda_where_there_is_none_is_one_line(tmp_path):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    command = [*RUN, "--device", "cuda", "--output", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1].endswith("there is no CUDA device here; use --device cpu")
