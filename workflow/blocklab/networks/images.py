"""From stored images to what networks take."""

import torch

LEVELS = 256  # grey values of an 8-bit image


def as_input(images: torch.Tensor) -> torch.Tensor:
    """Return uint8 images [N, C, H, W] as the floats from 0 to 1 that networks take.

    The floats keep the images they were made of, as `levels`: a block to which equal pixels are
    alike need not look for them.
    """
    x = (images.float() / (LEVELS - 1)).contiguous(memory_format=torch.channels_last)
    x.levels = images
    return x
