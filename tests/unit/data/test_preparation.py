"""From made IDX files to a prepared dataset and back."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from idx_files import idx

from blocklab.data import datasets, raw_images
from blocklab.data import preparation as data
from blocklab.data.description import Dataset, RawFiles
from blocklab.data.formats.idx import read_idx
from blocklab.data.manifest import read_manifest, write_manifest
from blocklab.data.prepared import load
from blocklab.errors import UserError
from blocklab.tensors import save_tensors

SETTINGS = {
    "name": "tiny",
    "input_size": 12,
    "training_size": None,
    "validation_size": 10,
    "test_size": None,
    "split_seed": 0,
    "channels": "auto",
    "non_square": "crop",
    "directory": None,
}


def write_idx(path: Path, values: np.ndarray) -> Path:
    path.write_bytes(idx(values))
    return path


@pytest.fixture
def made():
    """Raw arrays: 60 training images of 3 classes (30, 20, 10 of each), 12 test images, 8x8."""
    random = np.random.default_rng(7)
    return {
        datasets.TRAINING_IMAGES: random.integers(0, 256, (60, 8, 8), dtype=np.uint8),
        datasets.TRAINING_LABELS: random.permutation(np.repeat([0, 1, 2], [30, 20, 10])).astype(
            "u1"
        ),
        datasets.TEST_IMAGES: random.integers(0, 256, (12, 8, 8), dtype=np.uint8),
        datasets.TEST_LABELS: np.repeat([0, 1, 2], 4).astype("u1"),
    }


@pytest.fixture
def prepare(made, tmp_path, monkeypatch):
    """Return a function: changes to SETTINGS -> the loaded dataset, its path and its manifest."""
    paths = {name: write_idx(tmp_path / name, values) for name, values in made.items()}
    dataset = Dataset(
        **datasets.IDX,
        training_images=60,
        test_images=12,
        class_names=("a", "b", "c"),
        sha256={
            name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in paths.items()
        },
        torchvision_class="MNIST",
    )
    monkeypatch.setitem(datasets.DATASETS, "tiny", dataset)

    def run(folder="out", **changes):
        output, manifest = tmp_path / folder / "tiny.safetensors", tmp_path / folder / "tiny.json"
        raw = RawFiles("directory", paths)
        data.prepare(SETTINGS | changes, raw, output, manifest)
        described = read_manifest(manifest)
        return load(output), output, described

    return run


def test_read_idx_returns_the_array(tmp_path, made):
    for name, values in made.items():
        read = read_idx(write_idx(tmp_path / name, values))
        assert read.dtype == np.uint8
        np.testing.assert_array_equal(read, values)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not an IDX file: it starts with nothing"),
        (b"\x1f\x8b\x08\x00rest", "is not an IDX file: it starts with 1f8b0800"),
        (b"\0\0\x0d\x01\0\0\0\1\0\0\0\0", "IDX type 0x0d, must be 0x08"),
        (b"\0\0\x08\x03\0\0\0\1", "ends within its header: 8 bytes of 16"),
        (b"\0\0\x08\x01\0\0\0\3ab", "has 10 bytes, its header announces 11"),
        (b"\0\0\x08\x01\0\0\0\3abcd", "has 12 bytes, its header announces 11"),
    ],
)
def test_read_idx_refuses_what_is_no_idx_file(tmp_path, content, message):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message) as error:
        read_idx(path)
    assert str(path) in str(error.value)


def test_read_idx_names_a_missing_file(tmp_path):
    with pytest.raises(UserError, match=r"cannot read .*absent: No such file"):
        read_idx(tmp_path / "absent")


def test_every_image_keeps_its_label_and_position(prepare, made):
    prepared, _, _ = prepare(input_size=8)
    raw = {
        "training": (made[datasets.TRAINING_IMAGES], made[datasets.TRAINING_LABELS]),
        "validation": (made[datasets.TRAINING_IMAGES], made[datasets.TRAINING_LABELS]),
        "test": (made[datasets.TEST_IMAGES], made[datasets.TEST_LABELS]),
    }
    for name, (images, labels) in raw.items():
        split = getattr(prepared, name)
        assert (split.images.dtype, split.labels.dtype) == (torch.uint8, torch.int64)
        assert split.indices.dtype == torch.int64
        np.testing.assert_array_equal(split.images[:, 0].numpy(), images[split.indices])
        np.testing.assert_array_equal(split.labels.numpy(), labels[split.indices])


def test_training_and_validation_share_the_training_file_and_nothing_else(prepare):
    prepared, _, _ = prepare()
    both = torch.cat([prepared.training.indices, prepared.validation.indices])
    assert both.sort().values.tolist() == list(range(60))
    assert prepared.test.indices.tolist() == list(range(12))
    for split in (prepared.training, prepared.validation):
        assert split.indices.tolist() == sorted(split.indices.tolist())


@pytest.mark.parametrize(
    ("size", "expected"),
    # Of 30, 20 and 10 images, a split of 10 is due 5, 3.33 and 1.67; the larger remainder wins.
    [(6, [3, 2, 1]), (10, [5, 3, 2]), (1, [1, 0, 0]), (59, [29, 20, 10])],
)
def test_validation_is_stratified_by_largest_remainder(prepare, size, expected):
    prepared, _, manifest = prepare(validation_size=size)
    assert prepared.validation.labels.bincount(minlength=3).tolist() == expected
    assert manifest["images_per_class"]["validation"] == expected


def test_training_and_test_subsets_are_stratified(prepare):
    prepared, _, _ = prepare(validation_size=0, training_size=12, test_size=6)
    assert prepared.training.labels.bincount().tolist() == [6, 4, 2]
    assert prepared.test.labels.bincount().tolist() == [2, 2, 2]
    assert prepared.test.indices.tolist() != [0, 1, 4, 5, 8, 9], "the first of each class"


def test_the_size_of_one_split_leaves_the_others_as_they_were(prepare):
    whole, _, _ = prepare()
    part, _, _ = prepare(training_size=20, test_size=6)
    assert torch.equal(whole.validation.indices, part.validation.indices)
    assert not set(part.training.indices.tolist()) & set(part.validation.indices.tolist())
    other, _, _ = prepare(training_size=21, test_size=6)
    assert torch.equal(part.test.indices, other.test.indices)


def test_the_seed_chooses_the_split(prepare):
    first, _, _ = prepare(split_seed=0)
    second, _, _ = prepare(split_seed=1)
    assert not torch.equal(first.validation.indices, second.validation.indices)


def test_splits_stay_as_they_were_when_results_were_published(prepare):
    prepared, _, _ = prepare(training_size=6, validation_size=5, test_size=4)
    assert prepared.training.indices.tolist() == [5, 18, 28, 29, 37, 42]
    assert prepared.validation.indices.tolist() == [12, 25, 44, 56, 58]
    assert prepared.test.indices.tolist() == [0, 3, 7, 11]
    assert prepared.class_names == ("a", "b", "c")


def test_validation_of_nothing(prepare):
    prepared, _, manifest = prepare(validation_size=0)
    assert prepared.validation.images.shape == (0, 1, 12, 12)
    assert prepared.validation.labels.shape == (0,)
    assert len(prepared.training.images) == 60
    assert manifest["sizes"] == {"training": 60, "validation": 0, "test": 12}


def test_images_are_resized_bilinearly_with_antialiasing(prepare, made, monkeypatch):
    monkeypatch.setattr(raw_images, "IMAGES_AT_ONCE", 7)
    for size in (12, 5):
        prepared, _, manifest = prepare(input_size=size)
        raw = torch.from_numpy(made[datasets.TEST_IMAGES])[:, None].float()
        expected = torch.nn.functional.interpolate(
            raw, (size, size), mode="bilinear", antialias=True, align_corners=False
        )
        assert prepared.test.images.shape == (12, 1, size, size)
        assert (prepared.test.images.float() - expected).abs().max() < 1.01
        assert manifest["resize"] == f"bilinear, antialiased, 8x8 to {size}x{size} pixels"


def test_the_same_settings_give_the_same_bytes(prepare):
    _, first, first_manifest = prepare("first", training_size=20)
    _, second, second_manifest = prepare("second", training_size=20)
    assert first.read_bytes() == second.read_bytes()
    assert first_manifest == second_manifest
    assert {path.name for path in first.parent.iterdir()} == {"tiny.safetensors", "tiny.json"}


def test_the_manifest_says_what_was_prepared(prepare):
    _, output, manifest = prepare(input_size=8, split_seed=3)
    assert manifest == {
        "name": "tiny",
        "source": "directory",
        "directory": None,
        "raw_sha256": datasets.DATASETS["tiny"].sha256,
        "sha256": hashlib.sha256(output.read_bytes()).hexdigest(),
        "input_size": 8,
        "channels": 1,
        "resize": "none",
        "split_seed": 3,
        "sizes": {"training": 50, "validation": 10, "test": 12},
        "images_per_class": {"training": [25, 17, 8], "validation": [5, 3, 2], "test": [4, 4, 4]},
        "class_names": ["a", "b", "c"],
    }


def test_a_class_that_is_left_no_training_image_is_warned_of(prepare, caplog):
    prepare(training_size=1)
    assert [record.getMessage() for record in caplog.records][-2:] == [
        f"no image of class '{name}' is left for training" for name in ("b", "c")
    ]


def test_too_large_a_split_is_an_error_and_writes_nothing(prepare, tmp_path):
    with pytest.raises(UserError, match=r"dataset.training_size is 51, must be 1 to 50"):
        prepare(training_size=51)
    assert not (tmp_path / "out").exists()


def test_load_names_a_missing_file_and_one_that_is_no_prepared_dataset(prepare, tmp_path):
    _, output, _ = prepare()
    with pytest.raises(UserError, match=r"absent\.safetensors does not exist"):
        load(tmp_path / "absent.safetensors")
    save_tensors(output, {"training_images": torch.zeros(1)})
    with pytest.raises(UserError, match=r"is damaged \('training_labels'\)") as error:
        load(output)
    assert str(output) in str(error.value)


def test_a_prepared_dataset_with_any_byte_flipped_or_missing_is_refused(prepare, flip):
    _, output, _ = prepare()
    content = output.read_bytes()
    damaged = [flip(content, position) for position in range(0, len(content), 7)]
    assert len(damaged) > 1000
    for wrong in [*damaged, content[:-1], content[:20], b""]:
        output.write_bytes(wrong)
        with pytest.raises(UserError, match=r"is damaged.*; delete it and run again$"):
            load(output)


def test_a_manifest_with_any_byte_flipped_is_refused_or_says_the_same(prepare, flip, tmp_path):
    _, _, description = prepare()
    path = tmp_path / "manifest.json"
    write_manifest(path, description)
    content = path.read_bytes()
    refused = 0
    for position in range(len(content)):
        path.write_bytes(flip(content, position))
        try:
            assert read_manifest(path) == description  # white space
        except UserError as error:
            assert str(error).startswith(f"manifest {path} is damaged (")
            refused += 1
    assert refused > 0.7 * len(content)
    for wrong in (content[:-3], b"", b"[]", b"{}", b"null"):
        path.write_bytes(wrong)
        with pytest.raises(UserError, match="is damaged"):
            read_manifest(path)
    path.unlink()
    with pytest.raises(UserError, match="does not exist"):
        read_manifest(path)
