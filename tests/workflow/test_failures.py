"""A job that fails leaves nothing that a later run would take for good."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from comparison import differences
from tiny_study import Study

from blocklab.data.datasets import DATASETS, TEST_LABELS
from blocklab.data.sources import fetch
from blocklab.report.figures.catalogue import FIGURES

pytestmark = pytest.mark.workflow

MADE_BY_TRAINING = (
    "weights.safetensors", "history.csv", "resources.json", "samples.csv", "provenance.json"
)  # fmt: skip
CSP = "workflow/blocklab/networks/blocks/csp.py"
RETURN = "return self.fuse("


def test_a_truncated_file_is_refused_and_a_mended_one_prepared(fresh: Study, tmp_path: Path):
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, path in fetch("mnist", "auto", None).paths.items():
        (folder / name).symlink_to(path)
    labels = folder / TEST_LABELS
    content = labels.read_bytes()
    labels.unlink()
    labels.write_bytes(content[:-1])
    fresh.configure({"dataset": {"source": "directory", "directory": str(folder)}})

    done = fresh.snakemake("--cores", "4")
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    expected, found = DATASETS["mnist"].sha256[TEST_LABELS], hashlib.sha256(content[:-1])
    refusal = f"{labels} is refused: expected SHA-256 {expected}, found {found.hexdigest()}"
    assert refusal in done.stdout
    assert not fresh.results.exists(), "it is refused before any job"

    labels.write_bytes(content)
    fresh.run("prepare_data")
    manifest = json.loads((fresh.results / "data" / "mnist.json").read_text("utf-8"))
    assert manifest["source"] == "directory"


def test_one_network_fails_alone_and_the_others_make_a_partial_summary(
    study: Study, snapshot: Callable[[Path], dict]
):
    """csp fails when trained again, vgg is trained again beside it, there is no summary yet."""
    study.configure({"networks": {"vgg": {"batch_size": 25}}})
    study.edit(CSP, RETURN, f"return float('nan') * {RETURN.removeprefix('return ')}")
    (study.results / "summary.md").unlink()
    before = snapshot(study.results)

    done = study.snakemake("--cores", "4", "--keep-going")
    assert done.returncode == 1
    assert (
        "csp, seed 0, epoch 1, step 1: loss or weights are no finite numbers; lower its learning "
        "rate (now" in done.stdout
    )
    assert "Traceback" not in done.stdout
    after = snapshot(study.results)
    assert before.keys() - after.keys() == {f"mnist/csp/seed0/{name}" for name in MADE_BY_TRAINING}
    assert after.keys() <= before.keys()
    changed = {path for path in after if before[path] != after[path]}
    others = {path for path in changed if not path.removeprefix("logs/").startswith("mnist/vgg/")}
    drawn = {path for path in others if "structure" in path}  # from the code that was edited
    assert others - drawn == {"logs/mnist/csp/seed0/train.log"}
    assert {f"mnist/vgg/seed0/{name}" for name in MADE_BY_TRAINING} <= changed
    assert "mnist/vgg/seed0/attributions.npz" in changed

    study.run("--config", "partial=True")
    summary = (study.results / "summary.md").read_text(encoding="utf-8")
    assert "**Incomplete:** there are no results of csp;" in summary
    assert "**vgg**, the one network beside the baseline," in summary

    study.edit(CSP, "float('nan') * ", "")
    stages = ("Train", "Evaluate", "Explain", "Track")
    assert study.plan("csp", "vgg") == {f"{stage} csp, seed 0" for stage in stages}


FIGURES_OF_RESULTS = [name for name in FIGURES if name != "timeline"]
FILES = {
    ("prepare_data",): ["data/mnist.safetensors", "data/mnist.json"],
    ("vgg", "csp", "exp3"): [
        *(f"mnist/vgg/seed0/{name}" for name in MADE_BY_TRAINING),
        "mnist/csp/seed0/metrics.csv",
        "mnist/csp/seed0/predictions.npz",
        "mnist/exp3/seed0/attributions.npz",
    ],
    ("aggregate", "compare_explanations"): [
        *(f"{table}.csv" for table in ("runs", "networks", "histories", "confusion", "misses")),
        "provenance.json",
        *(f"{table}.csv" for table in ("explanations", "agreement", "baselines")),
        *(f"{table}.csv" for table in ("perturbation", "randomisation")),
    ],
    (*FIGURES_OF_RESULTS,): [f"figures/{name}.png" for name in FIGURES_OF_RESULTS],
    ("summary",): ["summary.md"],
    ("report",): ["report.html"],
}


def test_a_disk_that_is_full_at_any_stage(study: Study, finished: Study, tmp_path: Path):
    """Every job says so in one line and leaves nothing; with room, the same command goes on."""
    results = study.results
    kept = results.rename(tmp_path / "kept")
    results.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(results)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a disk cannot be mounted here; that takes root")
    try:
        shutil.copytree(kept, results, dirs_exist_ok=True)
        for targets, files in FILES.items():
            for path in [*files, *(log.relative_to(results) for log in results.rglob("*.log"))]:
                (results / path).unlink()
            with suppress(OSError), (results / "ballast").open("wb", buffering=0) as ballast:
                while True:
                    ballast.write(bytes(4096))
            done = study.snakemake(*targets, "--cores", "2", "--keep-going")
            assert done.returncode == 1, targets
            assert "Traceback" not in done.stdout
            assert done.stdout.count("the disk is full; make room and run again") >= len(targets)
            assert not [path for path in files if (results / path).exists()]
            assert not list(results.rglob(".*"))
            (results / "ballast").unlink()
            shutil.copytree(kept, results, dirs_exist_ok=True)
        for files in FILES.values():
            for path in files:
                if not path.startswith(("mnist/csp", "mnist/exp3")):  # vgg goes through all stages
                    (results / path).unlink()
        study.run()
        assert differences(finished, study) == []
    finally:
        subprocess.run(["umount", "--lazy", str(results)], check=True)
