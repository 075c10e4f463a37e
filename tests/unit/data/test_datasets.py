"""The table of built-in data sets, and how many of their images a study may ask for."""

import pytest
import torchvision

from blocklab.data import datasets
from blocklab.data.description import Dataset
from blocklab.errors import UserError


@pytest.fixture
def tiny(monkeypatch):
    """A data set called tiny, of 30 training and 20 test images."""
    dataset = Dataset(
        **datasets.IDX,
        training_images=30,
        test_images=20,
        class_names=("a", "b", "c"),
        sha256={},
        torchvision_class="MNIST",
        npm_package="tiny-data@1.0.0",
        npm_folder="package/data",
    )
    monkeypatch.setitem(datasets.DATASETS, "tiny", dataset)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_the_table_describes_each_dataset_completely(name):
    dataset = datasets.DATASETS[name]
    assert set(dataset.sha256) == {
        datasets.TRAINING_IMAGES,
        datasets.TRAINING_LABELS,
        datasets.TEST_IMAGES,
        datasets.TEST_LABELS,
    }
    assert len(set(dataset.sha256.values())) == 4
    assert all(len(value) == 64 for value in dataset.sha256.values())
    assert (dataset.classes, len(set(dataset.class_names)), dataset.channels) == (10, 10, 1)
    assert hasattr(torchvision.datasets, dataset.torchvision_class)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [((None, 5, None), 25), ((None, 0, 20), 30), ((25, 5, 1), 25), ((1, 29, None), 1)],
)
def test_check_sizes_returns_the_number_of_training_images(tiny, sizes, expected):
    assert datasets.check_sizes(settings(*sizes)) == expected


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((26, 5, None), r"dataset.training_size is 26, must be 1 to 25"),
        ((0, 5, None), r"dataset.training_size is 0, must be 1"),
        ((None, 30, None), r"dataset.validation_size is 30, must be 0 to 29"),
        ((None, -1, None), r"dataset.validation_size is -1, must be 0"),
        ((None, 5, 21), r"dataset.test_size is 21, must be 1 to 20"),
    ],
)
def test_check_sizes_names_the_key_and_the_limit(tiny, sizes, message):
    with pytest.raises(UserError, match=message):
        datasets.check_sizes(settings(*sizes))


def settings(training_size, validation_size, test_size) -> dict:
    return {
        "name": "tiny",
        "channels": "auto",
        "training_size": training_size,
        "validation_size": validation_size,
        "test_size": test_size,
    }
