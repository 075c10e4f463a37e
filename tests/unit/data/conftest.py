"""Made data of one's own: settings, folders of images, and their preparation."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blocklab.data.formats import folder
from blocklab.data.manifest import read_manifest
from blocklab.data.preparation import prepare
from blocklab.data.prepared import load
from blocklab.data.sources import fetch


@pytest.fixture(autouse=True)
def listed_anew():
    """Return the function that makes this process forget which folders it listed, called once."""

    def forget() -> None:
        folder.listing.cache_clear()
        folder.describe.cache_clear()

    forget()
    return forget


@pytest.fixture
def settings(tmp_path):
    """The `dataset` section of a config for images of 6x6 pixels in the folder `own`."""
    return {
        "name": "folder",
        "directory": str(tmp_path / "own"),
        "source": "auto",
        "channels": "auto",
        "non_square": "crop",
        "test_share": 0.25,
        "input_size": 6,
        "training_size": None,
        "validation_size": 2,
        "test_size": None,
        "split_seed": 0,
    }


@pytest.fixture
def prepared(settings, tmp_path):
    """Return a function: changes of the settings -> the loaded data and its manifest."""

    def run(**changes):
        asked = settings | changes
        output, manifest = tmp_path / "out" / "own.safetensors", tmp_path / "out" / "own.json"
        raw = fetch(asked["name"], asked["source"], asked["directory"], tmp_path / "cache")
        prepare(asked, raw, output, manifest)
        return load(output), read_manifest(manifest)

    return run


@pytest.fixture
def save(tmp_path):
    """Return a function: path in the folder `own`, an array or image -> the image file's path."""

    def write(name: str, pixels, **options) -> Path:
        path = tmp_path / "own" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(pixels) if isinstance(pixels, np.ndarray) else pixels
        image.save(path, **options)
        return path

    return write


@pytest.fixture
def classes(save):
    """A folder of 8 grey images of cats and 4 of dogs, each all of one grey value, 6x6."""
    for position in range(12):
        class_ = "cat" if position < 8 else "dog"
        save(f"{class_}/{position:02}.png", np.full((6, 6), 10 * position, np.uint8))
