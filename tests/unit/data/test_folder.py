"""Folders of images of one's own: how they are listed, split, read and refused."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from blocklab.data.datasets import check_sizes, describe
from blocklab.errors import UserError

GREY = np.arange(36, dtype=np.uint8).reshape(6, 6)
COLOUR = np.stack([GREY, GREY + 50, GREY + 100], axis=-1)


def of_class(split, label):
    return split.indices[split.labels == label].tolist()


def test_one_folder_is_split_by_class_and_seed(classes, settings, prepared):
    known = describe(settings)
    assert (known.training_images, known.test_images, known.channels) == (9, 3, 1)
    assert check_sizes(settings) == 7
    data, manifest = prepared()
    assert data.class_names == ("cat", "dog") == tuple(manifest["class_names"])
    assert manifest["sizes"] == {"training": 7, "validation": 2, "test": 3}
    assert manifest["images_per_class"] == {
        "training": [5, 2],
        "validation": [1, 1],
        "test": [2, 1],
    }
    splits = (data.training, data.validation, data.test)
    assert sorted(torch.cat([split.indices for split in splits]).tolist()) == list(range(12))
    for split in splits:  # every image has its grey value, and the label of its folder
        assert split.images[:, 0, 0, 0].tolist() == [10 * x for x in split.indices.tolist()]
        assert split.labels.tolist() == [int(x >= 8) for x in split.indices.tolist()]
    again, _ = prepared()
    assert torch.equal(again.test.indices, data.test.indices)
    other, _ = prepared(split_seed=1)
    assert other.test.indices.tolist() != data.test.indices.tolist()


@pytest.mark.parametrize("names", [("train", "val", "test"), ("Training", "validation", "TESTING")])
def test_folders_of_splits_are_taken_as_they_are(settings, prepared, save, names):
    for split, (name, count) in enumerate(zip(names, (4, 3, 2), strict=True)):
        for class_ in ("b", "a"):
            for position in range(count):
                grey = 100 * split + 10 * position + (class_ == "b")
                save(f"{name}/{class_}/{position}.png", np.full((6, 6), grey, np.uint8))
    known = describe(settings)
    counts = known.training_images, known.validation_images, known.test_images
    assert counts == (8, 6, 4)
    data, _ = prepared(validation_size=4)
    assert data.training.images[:, 0, 0, 0].tolist() == [0, 10, 20, 30, 1, 11, 21, 31]
    assert data.test.images[:, 0, 0, 0].tolist() == [200, 210, 201, 211]
    assert {value // 100 for value in data.validation.images[:, 0, 0, 0].tolist()} == {1}
    assert data.validation.labels.tolist() == [0, 0, 1, 1]
    with pytest.raises(UserError, match=r"validation_size is 7, must be 0 to 6 \(folder has 6 val"):
        check_sizes(settings | {"validation_size": 7})


def test_train_alone_is_split_and_a_class_may_be_called_train(settings, save):
    for class_ in ("train", "plane"):
        for position in range(2):
            save(f"{class_}/{position}.png", GREY)
    assert describe(settings).class_names == ("plane", "train")
    settings["directory"] += "2"
    for class_ in ("x", "y"):
        save(f"../own2/train/{class_}/deep/er/1.png", GREY)
    known = describe(settings)
    assert (known.class_names, known.training_images, known.test_images) == (("x", "y"), 1, 1)


ALPHA = np.dstack([COLOUR, np.full((6, 6), 0, np.uint8)])
WIDE = np.concatenate([GREY, GREY + 100], axis=1)
RULES = {
    "grey": ("1.png", Image.fromarray(GREY), {}, GREY),
    "colour becomes luma": ("1.png", Image.fromarray(COLOUR), {}, "luma"),
    "16 bits become 8": ("1.png", Image.fromarray(GREY.astype(np.uint16) * 257), {}, GREY),
    "black and white": ("1.pbm", Image.fromarray(GREY > 17), {}, (GREY > 17) * 255),
    "a palette": ("1.png", Image.fromarray(GREY).convert("P"), {}, GREY),
    "what is transparent is white": ("1.png", Image.fromarray(ALPHA), {}, np.full((6, 6), 255)),
    "the first frame of an animation": (
        "1.gif",
        Image.fromarray(GREY),
        {"save_all": True, "append_images": [Image.fromarray(255 - GREY)]},
        GREY,
    ),
    "tiff": ("1.TIFF", Image.fromarray(GREY), {}, GREY),
}


@pytest.mark.parametrize(("name", "image", "options", "expected"), RULES.values(), ids=RULES)
def test_files_become_grey_pixels_by_rule(prepared, save, name, image, options, expected):
    for class_ in ("a", "b"):
        save(f"{class_}/{name}", image, **options)
        save(f"{class_}/2.png", GREY)
    data, _ = prepared(channels=1, validation_size=0, test_share=0.5)
    pixels = torch.cat([data.training.images, data.test.images])
    order = torch.cat([data.training.indices, data.test.indices]).argsort()
    first = pixels[order][0, 0].numpy()
    if isinstance(expected, str):
        expected = np.asarray(image.convert("L"))
    np.testing.assert_array_equal(first, expected)


def test_colour_is_found_and_kept_and_grey_files_join_it(settings, prepared, save):
    for class_ in ("a", "b"):
        save(f"{class_}/1.png", GREY)
        save(f"{class_}/2.png", COLOUR)
    assert describe(settings).channels == 3
    assert describe(settings | {"channels": 1}).channels == 1
    data, manifest = prepared(validation_size=0, test_share=0.5)
    assert manifest["channels"] == 3
    both = {
        position: image.numpy()
        for split in (data.training, data.test)
        for position, image in zip(split.indices.tolist(), split.images, strict=True)
    }
    np.testing.assert_array_equal(both[1], COLOUR.transpose(2, 0, 1))
    np.testing.assert_array_equal(both[0], np.stack([GREY] * 3))


def test_a_turned_photograph_is_upright(prepared, save):
    exif = Image.Exif()
    exif[0x0112] = 6  # as a camera held upright writes it: turn by 90 degrees, clockwise
    half = np.repeat(np.array([[0], [250]], np.uint8), 8, axis=0).repeat(16, axis=1)
    for class_ in ("a", "b"):
        for position in range(2):
            save(f"{class_}/{position}.jpg", half, exif=exif, quality=100)
    data, _ = prepared(validation_size=0)
    assert (data.training.images[:, 0, :, 0] > 200).all()
    assert (data.training.images[:, 0, :, -1] < 50).all()


@pytest.mark.parametrize(
    ("rule", "columns"),
    [("crop", [3, 4, 5, 100, 101, 102]), ("pad", None), ("stretch", None)],
)
def test_images_that_are_no_squares(prepared, save, rule, columns):
    for class_ in ("a", "b"):
        for position in range(2):
            save(f"{class_}/{position}.png", WIDE if position else WIDE[:, :6])
    size = 6 if rule != "pad" else 12
    data, manifest = prepared(non_square=rule, validation_size=0, test_share=0.5, input_size=size)
    splits = (data.training, data.test)
    images = {x: y for one in splits for x, y in zip(one.indices.tolist(), one.images, strict=True)}
    wide = images[1][0]
    if rule == "crop":
        assert wide[0].tolist() == columns
    elif rule == "pad":
        np.testing.assert_array_equal(wide[3:9].numpy(), WIDE)
        assert not wide[:3].any() and not wide[9:].any()
    else:
        assert wide[0, 0] < 3 and wide[0, -1] > 100
    assert manifest["resize"] == (
        f"bilinear, antialiased, 2 sizes to {size}x{size} pixels, images that are no squares: "
        f"{rule}"
    )


def empty_class(own):
    (own / "eel").mkdir()


def only_in_test(own):
    (own / "train").mkdir()
    for class_ in ("cat", "dog"):
        (own / class_).rename(own / "train" / class_)
    shutil.copytree(own / "train", own / "test")
    shutil.copytree(own / "test" / "dog", own / "test" / "eel")


def others_beside_splits(own):
    only_in_test(own)
    (own / "labels").mkdir()


def a_misspelt_split(own):
    only_in_test(own)
    shutil.rmtree(own / "test" / "eel")
    (own / "test").rename(own / "tests")


def one_class(own):
    shutil.rmtree(own / "dog")


REFUSED = {
    "missing": (shutil.rmtree, "own is not there; name a folder with a folder of images per class"),
    "no folders": (
        lambda own: [shutil.rmtree(path) for path in own.iterdir()],
        "own has no folders; it needs one per class",
    ),
    "loose images": (
        lambda own: (own / "cat" / "00.png").rename(own / "00.png"),
        "own has images beside the folders of the classes, such as 00.png",
    ),
    "an empty class": (empty_class, "the class .*own/eel has no images"),
    "one class": (one_class, "own has the one class 'cat'; networks need at least two"),
    "a class in test alone": (only_in_test, "train and test in .* only test has a class 'eel'"),
    "a misspelt split": (a_misspelt_split, "own has train, and beside them 'tests'; put it else"),
    "folders beside train and test": (others_beside_splits, "beside them 'labels'; put it else"),
    "test alone": (
        lambda own: [(own / "cat").rename(own / "test"), (own / "dog").rename(own / "val")],
        "own has test and val, but no train",
    ),
    "other files": (
        lambda own: (own / "cat" / "notes.txt").write_text("x"),
        "cat/notes.txt is no image by the end of its name; take it out",
    ),
    "an empty file": (
        lambda own: (own / "dog" / "99.png").write_bytes(b""),
        "dog/99.png is empty; mend it or take it out",
    ),
    "a link to nowhere": (
        lambda own: (own / "dog" / "99.png").symlink_to(own / "nowhere"),
        "dog/99.png is empty",
    ),
    "a link in a circle": (
        lambda own: (own / "dog" / "up").symlink_to(own),
        "dog/up leads back to a folder it is in; take it out",
    ),
    "no image within": (
        lambda own: (own / "dog" / "00.png").write_bytes(b"<html>"),
        r"dog/00.png is not to be read as an image \(of no format that Pillow knows\)",
    ),
}


@pytest.mark.parametrize(("harm", "message"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_folder_is_one_line_before_any_image_is_read(
    classes, settings, tmp_path, harm, message
):
    harm(tmp_path / "own")
    with pytest.raises(UserError, match=message) as error:
        check_sizes(settings)
    assert "\n" not in str(error.value) and str(error.value).startswith("dataset.directory: ")


def test_hidden_files_and_clutter_are_passed_over(classes, settings, tmp_path, listed_anew):
    before = describe(settings)
    listed_anew()
    own = tmp_path / "own"
    for name in (".DS_Store", "cat/.hidden.png", "cat/Thumbs.db", "readme.md"):
        (own / name).write_bytes(b"x")
    (own / ".git").mkdir()
    assert describe(settings) == before


def test_damaged_images_are_named_with_the_reason(classes, prepared, tmp_path):
    own = tmp_path / "own"
    for name in ("cat/03.png", "dog/11.png"):
        content = (own / name).read_bytes()
        (own / name).write_bytes(content[:-25])
    Image.fromarray(np.zeros((6, 6), np.float32)).save(own / "cat" / "07.tif")
    with pytest.raises(UserError) as error:
        prepared(validation_size=0, test_size=1, test_share=0.1)
    message = str(error.value)
    assert message.startswith("not to be read as images: ") and "mend them or take" in message
    for name, reason in {
        "cat/03.png": "image file is truncated",
        "dog/11.png": "image file is truncated",
        "cat/07.tif": "32 bits a pixel",
    }.items():
        assert f"{own / name} ({reason}" in message
    assert not (tmp_path / "out").exists()


def test_copies_are_told(classes, prepared, tmp_path, caplog):
    own = tmp_path / "own"
    shutil.copy(own / "cat" / "00.png", own / "cat" / "copy.png")
    prepared()
    assert "1 of 13 files are copies of others" in caplog.text


def test_a_directory_must_be_named(settings):
    with pytest.raises(UserError, match=r"^dataset\.directory: missing; dataset.name is 'folder'"):
        check_sizes(settings | {"directory": None})


def test_a_class_may_be_called_train_and_have_folders(classes, settings, tmp_path):
    steam = tmp_path / "own" / "train" / "steam"
    steam.mkdir(parents=True)
    shutil.copy(tmp_path / "own" / "cat" / "00.png", steam)
    assert describe(settings).class_names == ("cat", "dog", "train")
