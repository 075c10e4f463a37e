"""From another folder the study is the same, and its results are there."""

import subprocess
from pathlib import Path

import pytest
from tiny_study import OVERLAY, SNAKEMAKE, Study

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize("way", ["--snakefile", "--directory"])
def test_a_job_runs_in_another_folder(unstarted: Study, tmp_path: Path, way: str):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if way == "--snakefile":
        start, options = elsewhere, ["--snakefile", str(unstarted.folder / "Snakefile")]
    else:
        start, options = unstarted.folder, ["--directory", str(elsewhere)]
    given = ["--configfile", str(unstarted.folder / OVERLAY)]
    given += ["--config", "dataset={training_size: 200, test_size: null}", "outdir=out"]
    done = subprocess.run(
        [*SNAKEMAKE, "prepare_data", "--cores", "1", *options, *given],
        cwd=start,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "prepare: 1 done" in done.stdout  # the profile and the words are those of the project
    assert (elsewhere / "out" / "data" / "mnist.json").exists()
    assert not (unstarted.folder / "out").exists()
