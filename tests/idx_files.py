"""Files in MNIST's format, for the tests of the library as for those that run the workflow."""

import struct

import numpy as np


def idx(values: np.ndarray) -> bytes:
    """Return uint8 values of any shape as the content of an IDX file."""
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    return header + values.tobytes()
