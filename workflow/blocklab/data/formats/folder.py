"""Folders of images, one per class, as torchvision's ImageFolder has them.

    directory/train/cat/1.png      or      directory/cat/1.png
    directory/test/dog/2.jpg               directory/dog/2.jpg

`train` may also be called training, `test` testing, and there may be `val`, valid or validation.
Classes are in the order of their folders' names, images in that of their paths, which go down
into folders within a class. Hidden files are passed over. The rules by which any file that Pillow
reads becomes 8-bit pixels are in docs/your-own-data.md.
"""

import os
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from blocklab.data.description import Description, held_out
from blocklab.data.pictures import PILLOW_ERRORS, pixels_of
from blocklab.data.raw_images import RawImages
from blocklab.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

SPLITS = {
    "training": ("train", "training"),
    "validation": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
CLUTTER = ("thumbs.db", "desktop.ini")  # what Windows leaves behind; that of macOS is hidden
UNREADABLE = (".eps", ".ps")  # for these Pillow would start another program
GREY = ("1", "L", "LA", "La", "I;16", "I;16B", "I;16L", "I;16N")
LOOKED_AT = 10  # images of each class whose headers tell whether there is colour
NAMED = 3  # of many files that are damaged


class Listing(NamedTuple):
    """The images of a directory by split: label and path from the directory, with slashes."""

    root: Path
    class_names: tuple[str, ...]
    images: Mapping[str, tuple[tuple[int, str], ...]]


@cache
def describe(directory: str, channels: int | str, test_share: float) -> Description:
    """Return what the folders hold; channels "auto" is told from some images' headers.

    Raises UserError, one line, for a directory that is not of this format.
    """
    root, class_names, images = listing(directory)
    first = _first_of_each_class(images["training"], LOOKED_AT if channels == "auto" else 1)
    grey = [_is_grey(root / path) for path in first]
    total = len(images["training"])
    test = len(images["test"]) if "test" in images else held_out(total, test_share)
    return Description(
        training_images=total if "test" in images else total - test,
        test_images=test,
        channels=(1 if all(grey) else 3) if channels == "auto" else int(channels),
        class_names=class_names,
        validation_images=len(images["validation"]) if "validation" in images else None,
        test_held_out="test" not in images,
    )


def files(directory: str) -> dict[str, Path]:
    """Return every image file by its path from the directory."""
    root, _, images = listing(directory)
    return {name: root / name for split in images.values() for _, name in split}


def read(paths: Mapping[str, Path], directory: str, channels: int) -> dict[str, RawImages]:
    """Return the images by split; a file that cannot be read is a UserError when it is asked for.

    paths: what `files` returned, perhaps as copies elsewhere.
    """
    import numpy as np

    def of_split(images: tuple[tuple[int, str], ...]) -> RawImages:
        def read_some(positions: "np.ndarray") -> "Iterator[np.ndarray]":
            failures = []
            for position in positions:
                name = images[position][1]
                try:
                    yield _pixels(paths[name], channels)
                except PILLOW_ERRORS as error:
                    failures.append(f"{paths[name]} ({_reason(error)})")
            if failures:
                more = f" and {len(failures) - NAMED} more" if len(failures) > NAMED else ""
                raise UserError(
                    f"not to be read as images: {', '.join(failures[:NAMED])}{more}; mend them or "
                    "take them out"
                )

        return RawImages(np.array([label for label, _ in images], dtype=np.int64), read_some)

    return {split: of_split(images) for split, images in listing(directory).images.items()}


@cache
def listing(directory: str) -> Listing:
    """Return the images of a directory, listed once per process; UserError if it has none."""
    root = Path(directory).expanduser()
    if not root.is_dir():
        raise UserError(
            f"dataset.directory: {directory} is {'no folder' if root.exists() else 'not there'}; "
            "name a folder with a folder of images per class"
        )
    folders = _split_folders(root)
    found = {split: _classes(root / name, root) for split, name in folders.items()}
    class_names = list(found["training"])
    for split, classes in found.items():
        if odd := sorted(set(classes) ^ set(class_names)):
            where = folders["training"] if odd[0] in class_names else folders[split]
            raise UserError(
                f"dataset.directory: of the folders {folders['training']} and {folders[split]} in "
                f"{directory} only {where} has a class '{odd[0]}'; both must have the same classes"
            )
    if len(class_names) < 2:
        raise UserError(
            f"dataset.directory: {root / folders['training']} has the one class "
            f"'{class_names[0]}'; networks need at least two to tell apart"
        )
    images = {
        split: tuple(
            (label, name) for label, class_ in enumerate(class_names) for name in classes[class_]
        )
        for split, classes in found.items()
    }
    return Listing(root, tuple(class_names), images)


def _split_folders(root: Path) -> dict[str, str]:
    """Return the folder of every split by name; "" stands for the directory that has them all."""
    folders = [entry.name for entry in _visible(root) if entry.is_dir()]
    found = {
        split: name for split, names in SPLITS.items() for name in folders if name.lower() in names
    }
    if "training" in found and (
        len(found) > 1 or len(folders) == 1 or _same_classes(root, found["training"], folders)
    ):
        if others := sorted(set(folders) - set(found.values())):
            raise UserError(
                f"dataset.directory: {root} has {' and '.join(found.values())}, and beside them "
                f"'{others[0]}'; put it elsewhere"
            )
        return found
    if folders and set(folders) == set(found.values()):
        raise UserError(f"dataset.directory: {root} has {' and '.join(folders)}, but no train")
    return {"training": ""}


def _same_classes(root: Path, training: str, folders: list[str]) -> bool:
    """Tell whether another folder holds the folders that `training` does: a split, misspelt."""
    held = {
        name: {entry.name for entry in _visible(root / name) if entry.is_dir()} for name in folders
    }
    return any(held[training] and held[name] == held[training] for name in {*folders} - {training})


def _classes(folder: Path, root: Path) -> dict[str, list[str]]:
    """Return the paths from `root` of the images of every class in a folder."""
    entries = _visible(folder)
    classes = {
        entry.name: sorted(_images(Path(entry.path), root)) for entry in entries if entry.is_dir()
    }
    loose = [entry.name for entry in entries if entry.is_file() and _is_image(entry.name)]
    if loose:
        raise UserError(
            f"dataset.directory: {folder} has images beside the folders of the classes, such as "
            f"{loose[0]}; put each into the folder of its class"
        )
    if not classes:
        raise UserError(f"dataset.directory: {folder} has no folders; it needs one per class")
    for name, images in classes.items():
        if not images:
            raise UserError(f"dataset.directory: the class {folder / name} has no images")
    return dict(sorted(classes.items()))


def _images(folder: Path, root: Path) -> Iterator[str]:
    within = folder.resolve()
    for entry in _visible(folder):
        path = Path(entry.path)
        if entry.is_symlink() and path.resolve() in (within, *within.parents):
            raise UserError(
                f"dataset.directory: {path} leads back to a folder it is in; take it out"
            )
        if entry.is_dir():
            yield from _images(path, root)
        elif not _is_image(entry.name):
            raise UserError(
                f"dataset.directory: {path} is no image by the end of its name; take it out"
            )
        elif not entry.is_file() or entry.stat().st_size == 0:  # a link that leads nowhere, too
            raise UserError(f"dataset.directory: {path} is empty; mend it or take it out")
        else:
            yield path.relative_to(root).as_posix()


def _visible(folder: Path) -> list[os.DirEntry]:
    try:
        with os.scandir(folder) as entries:
            shown = (entry for entry in entries if entry.name.lower() not in CLUTTER)
            return sorted(
                (entry for entry in shown if not entry.name.startswith((".", "__MACOSX"))),
                key=lambda entry: entry.name,
            )
    except OSError as error:
        raise UserError(f"dataset.directory: cannot read {folder}: {error.strerror}") from None


@cache
def _suffixes() -> frozenset[str]:
    try:
        from PIL import Image
    except ImportError:
        raise UserError("dataset.name: 'folder' needs Pillow; pip install pillow") from None
    known = Image.registered_extensions().items()
    return frozenset(suffix for suffix, name in known if name in Image.OPEN) - set(UNREADABLE)


def _is_image(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in _suffixes()


def _first_of_each_class(images: tuple[tuple[int, str], ...], count: int) -> Iterator[str]:
    for _, of_class in groupby(images, key=lambda image: image[0]):
        yield from (path for _, path in islice(of_class, count))


def _is_grey(path: Path) -> bool:
    try:
        with _open(path) as image:
            if image.mode == "P":
                colours = image.getpalette("RGB") or []
                return colours[::3] == colours[1::3] == colours[2::3]
            return image.mode in GREY
    except PILLOW_ERRORS as error:
        raise UserError(
            f"dataset.directory: {path} is not to be read as an image ({_reason(error)}); mend it "
            "or take it out"
        ) from None


def _pixels(path: Path, channels: int) -> "np.ndarray":
    """Return one image, uint8 [1, C, H, W], by the rules of docs/your-own-data.md."""
    with _open(path) as image:
        return pixels_of(image, channels)[None]


def _open(path: Path) -> "Image.Image":
    from PIL import Image

    try:
        return Image.open(path)
    except Image.DecompressionBombError as error:  # so many pixels that it may be an attack
        raise ValueError(error) from None
    except Image.UnidentifiedImageError:
        raise ValueError("of no format that Pillow knows") from None


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or repr(error)
