"""What tests of training share; test_gpu.py may run where little more than torch is installed."""

import numpy as np
import pytest
import torch

from blocklab.data.prepared import PreparedData, Split


@pytest.fixture(scope="module")
def digits():
    """60 images of a few grey values on black, like prepared digits."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (60, 1, 32, 32), generator=generator) // 8 * 8
    images *= torch.rand(images.shape, generator=generator) < 0.2
    split = Split(images.to(torch.uint8), torch.arange(60) % 10, torch.arange(60))
    return PreparedData(split, split.at(np.arange(20)), split.at(np.arange(12)))
