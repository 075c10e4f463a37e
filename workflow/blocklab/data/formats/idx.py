"""The IDX format, in which MNIST and its kin are published."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from blocklab.data.raw_images import RawImages, of_arrays
from blocklab.errors import UserError


def read_idx_pair(paths: Sequence[Path]) -> RawImages:
    """Return grey images from a file of images [N, H, W] and one of labels [N].

    Raises UserError for files that are not of this format or do not belong together.
    """
    images, labels = map(read_idx, paths)
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        shapes = f"{list(images.shape)} and {list(labels.shape)}"
        raise UserError(
            f"{paths[0]} and {paths[1]} hold arrays of shapes {shapes}; they must be [N, H, W] and "
            "[N]"
        )
    return of_arrays(images[:, None], labels)


def read_idx(path: str | Path) -> np.ndarray:
    """Return the array of unsigned bytes in an uncompressed IDX file, in the file's own shape.

    Format: two zero bytes, a type code, the number of dimensions, each dimension as a big-endian
    32-bit integer, then the values, last dimension fastest (http://yann.lecun.com/exdb/mnist/).
    Raises UserError for a file that is not of this format or is too short or too long.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    if len(content) < 4 or content[:2] != b"\0\0":
        raise UserError(
            f"{path} is not an IDX file: it starts with {content[:4].hex() or 'nothing'}"
        )
    if content[2] != 0x08:
        raise UserError(f"{path} holds IDX type 0x{content[2]:02x}, must be 0x08 (unsigned bytes)")
    header = 4 + 4 * content[3]
    if len(content) < header:
        raise UserError(f"{path} ends within its header: {len(content)} bytes of {header}")
    shape = tuple(int(length) for length in np.frombuffer(content[4:header], dtype=">u4"))
    expected = header + math.prod(shape)
    if len(content) != expected:
        raise UserError(f"{path} has {len(content)} bytes, its header announces {expected}")
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape).copy()
