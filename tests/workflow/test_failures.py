"""A job that fails leaves nothing that a later run would take for good."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_study import Study

from blocklab.datasets import DATASETS, TEST_LABELS
from blocklab.sources import fetch

pytestmark = pytest.mark.workflow

LAST_LINE = "return self.fuse(normalise(y, self.norm, self.activation))"


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
    assert [path.name for path in fresh.results.rglob("*") if path.is_file()] == ["mnist.log"]

    labels.write_bytes(content)
    fresh.run("prepare_data")
    manifest = json.loads((fresh.results / "data" / "mnist.json").read_text("utf-8"))
    assert manifest["source"] == "directory"


def test_a_network_whose_training_fails_leaves_no_weights_and_the_others_alone(
    study: Study, snapshot: Callable[[Path], dict]
):
    study.configure({"networks": {"vgg": {"batch_size": 25}}})
    study.edit("workflow/blocklab/blocks/csp.py", LAST_LINE, f"{LAST_LINE} * float('nan')")
    before = snapshot(study.results)

    done = study.snakemake("csp", "vgg", "--cores", "4", "--keep-going")
    assert done.returncode != 0
    assert (
        "csp, seed 0, epoch 1, step 1: loss or weights are no finite numbers; lower training."
        in done.stdout
    )
    assert "Traceback" not in done.stdout
    after = snapshot(study.results)
    made_by_training = {"weights.safetensors", "history.csv", "resources.json", "provenance.json"}
    assert before.keys() - after.keys() == {f"mnist/csp/seed0/{name}" for name in made_by_training}
    changed = {path for path in before.keys() & after.keys() if before[path] != after[path]}
    others = {path for path in changed if not path.removeprefix("logs/").startswith("mnist/vgg/")}
    assert others == {"logs/mnist/csp/seed0/train.log"}
    assert "mnist/vgg/seed0/weights.safetensors" in changed

    study.edit("workflow/blocklab/blocks/csp.py", " * float('nan')", "")
    stages = ("Train", "Evaluate", "Explain", "Track")
    assert study.plan("csp", "vgg") == {f"{stage} csp, seed0" for stage in stages}
