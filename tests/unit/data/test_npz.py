"""Files of NumPy arrays of one's own: which they may be, and what is refused."""

import numpy as np
import pytest
import torch

from blocklab.data.datasets import check_sizes, describe
from blocklab.errors import UserError

LABELS = np.repeat([0, 1], [8, 4])
GREY = np.arange(12, dtype=np.uint8)[:, None, None] * np.ones((6, 6), np.uint8) * 20
COLOUR = np.stack([GREY, GREY + 1, GREY + 2], axis=-1)


@pytest.fixture
def own(tmp_path, settings):
    """Return a function: arrays by name -> settings for the file that they were written to."""

    def write(**arrays):
        path = tmp_path / "own.npz"
        np.savez_compressed(path, **arrays)
        return settings | {"name": "npz", "directory": str(path)}

    return write


def values(data):
    """Return the first pixel of every image by its position, whatever the split."""
    splits = (data.training, data.validation, data.test)
    pairs = [
        (position, image[:, 0, 0].tolist())
        for split in splits
        for position, image in zip(split.indices.tolist(), split.images, strict=True)
    ]
    return [value for _, value in sorted(pairs)]


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (GREY, [[20 * x] for x in range(12)]),
        (GREY[..., None], [[20 * x] for x in range(12)]),
        (COLOUR, [[20 * x, 20 * x + 1, 20 * x + 2] for x in range(12)]),
        (COLOUR.transpose(0, 3, 1, 2), [[20 * x, 20 * x + 1, 20 * x + 2] for x in range(12)]),
        (GREY.astype(np.int64), [[20 * x] for x in range(12)]),
        ((GREY / 255).astype(np.float32), [[20 * x] for x in range(12)]),
    ],
    ids=["NHW", "NHWC, grey", "NHWC", "NCHW", "integers", "floats"],
)
def test_images_of_every_layout(own, prepared, images, expected):
    asked = own(images=images, labels=LABELS)
    known = describe(asked)
    assert (known.training_images, known.test_images) == (9, 3)
    assert (known.channels, known.class_names) == (len(expected[0]), ("0", "1"))
    data, manifest = prepared(**asked)
    assert values(data) == expected
    assert manifest["images_per_class"] == {
        "training": [5, 2],
        "validation": [1, 1],
        "test": [2, 1],
    }
    assert list(manifest["raw_sha256"]) == ["own.npz"]


@pytest.mark.parametrize(
    "pattern", ["{array}_{split}", "{split}_{array}"], ids=["as Keras", "as MedMNIST"]
)
def test_splits_are_taken_as_they_are(own, prepared, pattern):
    words = ("x", "y") if pattern.startswith("{array}") else ("images", "labels")
    arrays = {}
    for offset, split in enumerate(("train", "val", "test")):
        images, labels = (pattern.format(array=array, split=split) for array in words)
        arrays |= {images: GREY[offset::3], labels: LABELS[offset::3, None]}
    asked = own(**arrays, class_names=["cat", "dog"])
    known = describe(asked)
    assert (known.training_images, known.validation_images, known.test_images) == (4, 4, 4)
    data, _ = prepared(**asked | {"validation_size": 4})
    assert data.class_names == ("cat", "dog")
    assert data.validation.images[:, 0, 0, 0].tolist() == [20, 80, 140, 200]
    assert data.test.images[:, 0, 0, 0].tolist() == [40, 100, 160, 220]


def test_labels_name_themselves(own, prepared):
    asked = own(x=GREY, y=np.where(LABELS, "nine", "four"))
    assert describe(asked).class_names == ("four", "nine")
    asked = own(x=GREY, y=np.where(LABELS, 9, 4))
    data, _ = prepared(**asked)
    assert data.class_names == ("4", "9")
    assert set(data.training.labels.tolist()) == {0, 1}
    asked = own(x_train=GREY, y_train=LABELS.astype("u8"), x_test=GREY, y_test=LABELS)
    assert describe(asked).class_names == ("0", "1")
    asked = own(x=GREY, y=LABELS, class_names=np.array([b"cat", b"dog"]))
    assert describe(asked).class_names == ("cat", "dog")


def test_colour_like_cifar_may_be_made_grey(own, prepared):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (12, 32, 32, 3), np.uint8)
    asked = own(x_train=images, y_train=LABELS, x_test=images[6:], y_test=LABELS[6:])
    colour, _ = prepared(**asked | {"input_size": 32})
    assert colour.test.images.shape == (6, 3, 32, 32)
    grey, _ = prepared(**asked | {"input_size": 32, "channels": 1})
    luma = colour.test.images.float().mul(torch.tensor([0.299, 0.587, 0.114])[:, None, None])
    assert (grey.test.images - luma.sum(dim=1, keepdim=True)).abs().max() < 0.51


OBJECTS = np.array([{}] * 12, dtype=object)
REFUSED = {
    "no images": ({"a": GREY}, "has a; it must have x_train and y_train"),
    "counts": ({"images": GREY, "labels": LABELS[1:]}, "has 12 images, but 11 labels"),
    "one-hot": ({"x": GREY, "y": np.eye(2)[LABELS]}, r"y of shape \[12, 2\] and type float64"),
    "objects": (
        {"x": GREY, "y": OBJECTS},
        "are Python objects; .* labels.astype",
    ),
    "vectors": ({"x": GREY.reshape(12, 36), "y": LABELS}, r"x of shape \[12, 36\]; it must be \[N"),
    "four channels": ({"x": np.zeros((12, 6, 6, 4)), "y": LABELS}, r"shape \[12, 6, 6, 4\]"),
    "text": ({"x": GREY.astype(str), "y": LABELS}, "images must be numbers"),
    "one class": ({"x": GREY, "y": LABELS * 0}, "has the one class '0'"),
    "labels": ({"x": GREY, "y": LABELS + 1, "class_names": ["a", "b"]}, "they must be 0 to 1"),
    "two of a name": ({"x": GREY, "y": LABELS, "class_names": ["a", "a"]}, "'a' twice"),
    "numbers and text": (
        {"x_train": GREY, "y_train": LABELS, "x_test": GREY, "y_test": LABELS.astype(str)},
        "labels in integers and in text",
    ),
    "absent": (
        {"x": GREY, "y": LABELS, "class_names": ["a", "b", "c"]},
        "has no training image of class 'c'",
    ),
    "absent from test": (
        {"x_train": GREY, "y_train": LABELS, "x_test": GREY[:3], "y_test": LABELS[:3]},
        "has no test image of class '1'",
    ),
    "mixed": (
        {"x_train": GREY, "y_train": LABELS, "x_test": COLOUR, "y_test": LABELS},
        "has grey images and colour images",
    ),
}


@pytest.mark.parametrize(("arrays", "message"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_file_is_one_line_before_any_image_is_read(own, arrays, message):
    asked = own(**arrays)
    with pytest.raises(UserError, match=message) as error:
        check_sizes(asked)
    assert str(error.value).startswith(f"dataset.directory: {asked['directory']} ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("images", [GREY * 1.0, GREY.astype(int) - 1, GREY * np.nan])
def test_pixels_out_of_range_are_refused(own, prepared, images):
    with pytest.raises(UserError, match="must be integers from 0 to 255 or floats from 0 to 1"):
        prepared(**own(images=images, labels=LABELS))


def test_the_file_may_be_named_by_its_folder(own, tmp_path):
    asked = own(images=GREY, labels=LABELS)
    assert describe(asked | {"directory": str(tmp_path)}) == describe(asked)
    np.savez(tmp_path / "other.npz", x=GREY)
    for directory, message in {
        tmp_path: "has 2 .npz files; name one of them",
        tmp_path / "none": "is not there; name a .npz file",
    }.items():
        with pytest.raises(UserError, match=message):
            describe(asked | {"directory": str(directory)})


@pytest.mark.parametrize("damage", [b"", b"no zip", None], ids=["empty", "other", "truncated"])
def test_a_damaged_file_is_refused(own, tmp_path, damage):
    asked = own(images=GREY, labels=LABELS)
    path = tmp_path / "own.npz"
    path.write_bytes(path.read_bytes()[:-40] if damage is None else damage)
    with pytest.raises(UserError, match=r"own.npz is not to be read \(it is no .npz file"):
        describe(asked)
