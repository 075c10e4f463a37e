"""Raw images as every format gives them: labels at once, pixels when they are asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

IMAGES_AT_ONCE = 5_000  # bounds the memory that resizing takes


@dataclass(frozen=True)
class RawImages:
    """Labels int64 [N], from 0 and in the order of the class names, and how to read images.

    read: ascending positions [M] -> their images in this order, as arrays uint8 [n, C, H, W] with
    as many n in each as have one size and fit into memory.
    """

    labels: "np.ndarray"
    read: "Callable[[np.ndarray], Iterator[np.ndarray]]"


def of_arrays(images: "np.ndarray", labels: "np.ndarray") -> RawImages:
    """Return images uint8 [N, C, H, W] that are in memory, with labels [N] of any integer type."""

    def read(positions: "np.ndarray") -> "Iterator[np.ndarray]":
        for start in range(0, len(positions), IMAGES_AT_ONCE):
            yield images[positions[start : start + IMAGES_AT_ONCE]]

    return RawImages(labels.astype("int64"), read)


def transposed(images: RawImages) -> RawImages:
    """Return the images with rows and columns exchanged."""

    def read(positions: "np.ndarray") -> "Iterator[np.ndarray]":
        for chunk in images.read(positions):
            yield chunk.swapaxes(-1, -2)

    return RawImages(images.labels, read)
