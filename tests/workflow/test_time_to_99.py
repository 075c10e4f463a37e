"""The time to 99 % is measured and told, or that it was not reached; how long is not asserted."""

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
RUN = [sys.executable, str(PROJECT / "benchmarks" / "time_to_99.py")]

pytestmark = pytest.mark.workflow


@pytest.fixture
def folder(tmp_path):
    """A folder with MNIST's files, each image a bright square at the place of its label."""
    random = np.random.default_rng(0)
    for part, name in (("train", "raw"), ("t10k", "gz")):
        labels = random.integers(0, 10, 700).astype(np.uint8)
        images = random.integers(0, 50, (700, 28, 28)).astype(np.uint8)
        for image, label in zip(images, labels, strict=True):
            row, column = divmod(int(label), 4)
            image[4 + 6 * row : 10 + 6 * row, 2 + 6 * column : 8 + 6 * column] = 255
        for values, kind in ((images, "images-idx3"), (labels, "labels-idx1")):
            content, path = idx(values), tmp_path / f"{part}-{kind}-ubyte"
            if name == "gz":
                path, content = path.with_name(f"{path.name}.gz"), gzip.compress(content)
            path.write_bytes(content)
    return tmp_path


def run(folder: Path, *options: str) -> tuple[subprocess.CompletedProcess[str], pd.DataFrame, str]:
    """Run it on two seeds with no more installed than a machine with a GPU may have."""
    missing = "platformdirs captum jsonschema snakemake wandb scipy matplotlib lightning"
    (folder / "sitecustomize.py").write_text(
        f"import sys\nfor name in {missing.split()!r}:\n    sys.modules[name] = None\n"
    )
    output = folder / "output"
    command = [*RUN, "--data", str(folder), "--seeds", "2", "--output", str(output), *options]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"PYTHONPATH": str(folder)},
    )
    page = (output / "time_to_99.md").read_text(encoding="utf-8")
    return done, pd.read_csv(output / "time_to_99.csv"), page


def test_every_seed_is_in_the_table_and_on_the_page(folder):
    done, table, page = run(folder, "--tiny")
    assert done.returncode == 0, done.stderr
    assert page in done.stdout
    assert table["seed"].tolist() == [1000, 1001]
    assert (table["seconds"] > 0).all() and table["accuracy"].between(0, 1).all()
    assert "n = 2 seeds" in page and "the test images after" in page
    assert page.count("\n| 1000 | ") == page.count("\n| 1001 | ") == 1


def test_a_seed_that_does_not_get_there_is_an_error_and_held_out_images_are_no_test(folder):
    for name in ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"):
        (folder / name).unlink()  # not to be read then
    labels = folder / "train-labels-idx1-ubyte"
    content = labels.read_bytes()
    labels.write_bytes(content[:8] + content[:7:-1])  # in reverse, so of other images
    done, table, page = run(folder, "--hold-out", "100")
    assert "held-out training images" in page and "An epoch is 600 images" in page
    assert table["accuracy"].max() < 0.5
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "only 0 of 2 seeds reached 99%"
