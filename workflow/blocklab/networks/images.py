"""From stored images to what networks take."""

import torch

LEVELS = 256  # grey values of an 8-bit image


def as_input(images: torch.Tensor) -> torch.Tensor:
    """Return uint8 images [N, C, H, W] as the floats from 0 to 1 that networks take.

    The floats keep what they were made of: a block to which equal pixels are alike need not look
    for them (`levels_of`).
    """
    x = (images.float() / (LEVELS - 1)).contiguous(memory_format=torch.channels_last)
    x.made_of = images, _version(x)
    return x


def levels_of(x: torch.Tensor) -> torch.Tensor | None:
    """Return the uint8 images that `as_input` made x of; None for all else, changed ones too."""
    images, version = getattr(x, "made_of", (None, None))
    return images if version == _version(x) else None


def _version(x: torch.Tensor) -> int | None:
    """Return what counts the changes in place, which tensors for inference alone do not have."""
    return None if x.is_inference() else x._version
