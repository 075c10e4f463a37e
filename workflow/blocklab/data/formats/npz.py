"""A NumPy archive (.npz) of images and labels, read without pickle.

Names of its arrays: x_train, y_train, x_test, y_test, and perhaps x_val, y_val; or train_images,
train_labels and so on, as MedMNIST has them; or images and labels (x and y), of which the test
images are held out. Shapes: [N, H, W], [N, H, W, C] or [N, C, H, W] with C of 1 or 3, where both
fit the former; labels [N] or [N, 1], of integers or text. An array class_names names the classes
0, 1, ...; else the labels that occur name themselves. Pixels: integers from 0 to 255, or floats
from 0 to 1.
"""

import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from blocklab.data.description import Description, held_out
from blocklab.data.raw_images import RawImages, of_arrays
from blocklab.errors import UserError

if TYPE_CHECKING:
    import numpy as np

KEYS = {
    "training": (
        ("x_train", "y_train"),
        ("train_images", "train_labels"),
        ("images", "labels"),
        ("x", "y"),
    ),
    "validation": (("x_val", "y_val"), ("val_images", "val_labels")),
    "test": (("x_test", "y_test"), ("test_images", "test_labels")),
}
LAYOUTS = {"NHW": "[N, H, W]", "NHWC": "[N, H, W, C]", "NCHW": "[N, C, H, W]"}


class Contents(NamedTuple):
    """What a file holds: class names and, by split, key and shape of the images and the labels."""

    path: Path
    class_names: tuple[str, ...]
    keys: Mapping[str, str]
    channels: int
    labels: "Mapping[str, np.ndarray]"


def describe(directory: str, channels: int | str, test_share: float) -> Description:
    """Return what the file holds; channels "auto" is what its images have.

    directory: the file, or a folder with no other .npz in it. Raises UserError, one line, for what
    is not of this format.
    """
    contents = _contents(_find(directory))
    counts = {split: len(labels) for split, labels in contents.labels.items()}
    total = counts["training"]
    test = counts.get("test", held_out(total, test_share))
    return Description(
        training_images=total if "test" in counts else total - test,
        test_images=test,
        channels=contents.channels if channels == "auto" else int(channels),
        class_names=contents.class_names,
        validation_images=counts.get("validation"),
        test_held_out="test" not in counts,
    )


def files(directory: str) -> dict[str, Path]:
    """Return the file by its name."""
    path = _find(directory)
    return {path.name: path}


def read(paths: Mapping[str, Path], directory: str, channels: int) -> dict[str, RawImages]:
    """Return the images by split, as they are: `channels` is what they are to have later."""
    (path,) = paths.values()
    contents = _contents(path)
    return {
        split: of_arrays(_pixels(path, key), contents.labels[split])
        for split, key in contents.keys.items()
    }


def _find(directory: str) -> Path:
    path = Path(directory).expanduser()
    if not path.exists():
        raise UserError(f"dataset.directory: {directory} is not there; name a .npz file")
    if not path.is_dir():
        return path
    found = sorted(path.glob("[!.]*.npz"))
    if len(found) != 1:
        count = f"{len(found)} .npz files; name one of them" if found else "no .npz file"
        raise UserError(f"dataset.directory: {directory} has {count}")
    return found[0]


def _contents(path: Path) -> Contents:
    """Return what a file holds, from the labels and the headers of the images."""
    status = path.stat()
    return _contents_of(path, status.st_size, status.st_mtime_ns)


@cache
def _contents_of(path: Path, size: int, changed: int) -> Contents:
    """Do so once for a file as it is: `size` and time stamp tell it from another of its name."""
    import numpy as np

    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("it is no .npz file, or a damaged one")
        with np.load(path, allow_pickle=False) as file:
            keys = {
                split: next((pair for pair in pairs if set(pair) <= set(file.files)), None)
                for split, pairs in KEYS.items()
            }
            if keys["training"] is None:
                raise _refusal(
                    path,
                    f"has {', '.join(file.files) or 'no arrays'}; it must have x_train and y_train "
                    "(and x_test and y_test), train_images and train_labels, or images and labels",
                )
            keys = {split: pair for split, pair in keys.items() if pair}
            labels = {split: _labels(path, of, file[of]) for split, (_, of) in keys.items()}
            names = file["class_names"].astype(str) if "class_names" in file.files else None
        shapes = {split: _shape(path, images) for split, (images, _) in keys.items()}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, KeyError) as error:
        if "Object arrays" in str(error):
            raise _refusal(
                path,
                "has labels or images that are Python objects; convert them before they are saved, "
                "text with labels.astype(str)",
            ) from None
        raise _refusal(path, f"is not to be read ({' '.join(str(error).split())})") from None
    for split, (images, of) in keys.items():
        if len(labels[split]) != shapes[split][1][0]:
            raise _refusal(
                path, f"has {shapes[split][1][0]} {images}, but {len(labels[split])} {of}"
            )
    channels = {_channels(layout, shape) for layout, shape in shapes.values()}
    if len(channels) > 1:
        raise _refusal(path, "has grey images and colour images; all must have the same channels")
    class_names, labels = _classes(path, labels, names)
    images = {split: key for split, (key, _) in keys.items()}
    return Contents(path, class_names, images, channels.pop(), labels)


def _labels(path: Path, key: str, labels: "np.ndarray") -> "np.ndarray":
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "iuUS" or not len(labels):
        raise _refusal(
            path,
            f"has {key} of shape {list(labels.shape)} and type {labels.dtype}; labels must be "
            "integers or text, one per image",
        )
    return labels.astype("int64" if labels.dtype.kind in "iu" else str)


def _classes(
    path: Path, labels: "dict[str, np.ndarray]", names: "np.ndarray | None"
) -> "tuple[tuple[str, ...], dict[str, np.ndarray]]":
    """Return the classes' names, and the labels by split as positions among them."""
    import numpy as np

    if len({values.dtype.kind for values in labels.values()}) > 1:
        raise _refusal(path, "has labels in integers and in text; all must be of one kind")
    seen = np.unique(np.concatenate(list(labels.values())))
    if names is None:
        class_names = tuple(map(str, seen))
        labels = {split: np.searchsorted(seen, values) for split, values in labels.items()}
    else:
        class_names = tuple(map(str, names.ravel()))
        twice = sorted({name for name in class_names if class_names.count(name) > 1})
        if twice:
            raise _refusal(path, f"has class_names with '{twice[0]}' twice; each must be another")
        if seen.dtype.kind not in "iu" or seen[0] < 0 or seen[-1] >= len(class_names):
            raise _refusal(
                path,
                f"has {len(class_names)} class_names and labels from {seen[0]} to {seen[-1]}; "
                f"they must be 0 to {len(class_names) - 1}",
            )
    for split, values in labels.items():
        absent = set(range(len(class_names))) - set(values.tolist())
        if absent:
            missing = class_names[min(absent)]
            raise _refusal(path, f"has no {split} image of class '{missing}'; each needs one")
    if len(class_names) < 2:
        raise _refusal(path, f"has the one class '{class_names[0]}'; networks need at least two")
    return class_names, labels


def _shape(path: Path, key: str) -> tuple[str, tuple[int, ...]]:
    """Return layout and shape of an array of images, from its header."""
    import numpy as np

    with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as file:
        form = np.lib.format
        first = form.read_magic(file) == (1, 0)
        read_header = form.read_array_header_1_0 if first else form.read_array_header_2_0
        shape, _, dtype = read_header(file)
    if dtype.kind not in "iuf":
        raise _refusal(path, f"has {key} of type {dtype}; images must be numbers, best uint8")
    return _layout(path, key, shape), shape


def _layout(path: Path, key: str, shape: tuple[int, ...]) -> str:
    if len(shape) == 3:
        layout = "NHW"
    elif len(shape) == 4 and shape[3] in (1, 3):
        layout = "NHWC"
    elif len(shape) == 4 and shape[1] in (1, 3):
        layout = "NCHW"
    else:
        layout = ""
    if not layout or 0 in shape:
        raise _refusal(
            path,
            f"has {key} of shape {list(shape)}; it must be {', '.join(LAYOUTS.values())} with C of "
            "1 or 3",
        )
    return layout


def _channels(layout: str, shape: tuple[int, ...]) -> int:
    return shape[layout.index("C")] if "C" in layout else 1


def _pixels(path: Path, key: str) -> "np.ndarray":
    """Return an array of images as uint8 [N, C, H, W]; UserError for values out of range."""
    import numpy as np

    with np.load(path, allow_pickle=False) as file:
        images = file[key]
    most = 1 if images.dtype.kind == "f" else 255
    if images.dtype != np.uint8 and not (images.min() >= 0 and images.max() <= most):  # NaN, too
        raise _refusal(
            path,
            f"has {key} of type {images.dtype} from {images.min():g} to {images.max():g}; pixels "
            "must be integers from 0 to 255 or floats from 0 to 1",
        )
    if images.dtype.kind == "f":
        images = np.rint(images * 255)
    layout = _layout(path, key, images.shape)
    if layout == "NHW":
        images = images[:, None]
    elif layout == "NHWC":
        images = images.transpose(0, 3, 1, 2)
    return images.astype(np.uint8)


def _refusal(path: Path, reason: str) -> UserError:
    return UserError(f"dataset.directory: {path} {reason}")
