"""Data of one's own: a small study in colour, and what runs again when its files change."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_study import Study

from blocklab.data.manifest import read_manifest

pytestmark = pytest.mark.workflow


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Sixteen colour images of each of three classes."""
    random = np.random.default_rng(0)
    for label, class_ in enumerate(("red", "green", "blue")):
        folder = tmp_path / "own" / class_
        folder.mkdir(parents=True)
        for position in range(16):
            pixels = random.integers(0, 40, (20, 24, 3), np.uint8)
            pixels[..., label] += 200
            Image.fromarray(pixels).save(folder / f"{position:02}.png")
    return tmp_path / "own"


def test_a_folder_of_images_is_trained_on_and_again_only_if_its_pixels_change(
    fresh: Study, own: Path
):
    # As a user would: all keys of the tiny study for MNIST are still there, too.
    fresh.configure({"dataset": {"name": "folder", "directory": str(own)}})
    refused = fresh.snakemake("exp3", "-n")
    assert refused.returncode != 0
    assert "dataset.validation_size is 100, must be 0 to 37 (folder has 38 training" in (
        refused.stdout
    )
    sizes = {"validation_size": 8, "training_size": None, "test_size": None}
    fresh.configure({"dataset": sizes, "networks": {"exp3": {"batch_size": 10}}})
    fresh.configure({"networks": {"vgg": {"batch_size": 10}, "csp": None}})
    fresh.configure({"tracking": {"mode": "disabled"}})
    fresh.run("exp3", gpu=0)
    weights = fresh.results / "folder" / "exp3" / "seed0" / "weights.safetensors"
    trained = weights.stat().st_mtime_ns
    manifest = read_manifest(fresh.results / "data" / "folder.json")
    assert manifest["title"] == "own"
    assert manifest["class_names"] == ["blue", "green", "red"]
    assert (manifest["channels"], len(manifest["raw_sha256"])) == (3, 48)

    for path in own.rglob("*.png"):
        path.touch()
    assert fresh.plan("exp3") == set()
    image = Image.open(own / "red" / "00.png").copy()
    image.save(own / "red" / "00.png", compress_level=1)  # other bytes, the same pixels
    assert "Prepare folder again: files 1 changed" in fresh.plan("exp3")
    assert "prepare: 1 done" in fresh.run("exp3", gpu=0)
    assert weights.stat().st_mtime_ns == trained
    assert fresh.plan("exp3") == set()

    (own / "red" / "00.png").unlink()
    planned = fresh.plan("exp3")
    assert "Prepare folder again: files 1 gone" in planned
    assert any(job.startswith("Train exp3") for job in planned)

    own.rename(own.with_name("elsewhere"))
    refused = fresh.snakemake("exp3", "-n")
    assert f"dataset.directory: {own} is not there; name a folder" in refused.stdout
    assert "Traceback" not in refused.stdout
