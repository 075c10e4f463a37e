"""Pixels removed from an image by what lies around them: ROAD's noisy linear imputation.

Rong et al. 2022, A Consistent and Efficient Evaluation Strategy for Attribution Methods, arXiv
2202.00449. A removed pixel is the weighted mean of its 8 neighbours, removed or not,
so all removed pixels together solve one sparse linear system. The shape of the hole is harder to
see for a network than in an image filled with one colour, and so is the class it might give away.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

# Weights of the neighbours to the right and below; those to the left and above are the same.
WEIGHTS = {(0, 1): 1 / 6, (1, 0): 1 / 6, (1, 1): 1 / 12, (1, -1): 1 / 12}
NOISE = 0.01  # standard deviation, of a pixel from 0 to 1
# The system is symmetric and its diagonal is not outweighed, which saves SuperLU the pivoting. It
# has 9 entries a row at most, too few for columns to be worth factorising together.
SYMMETRIC = {
    "panel_size": 1,
    "permc_spec": "MMD_AT_PLUS_A",
    "diag_pivot_thresh": 0,
    "options": {"SymmetricMode": True},
}


def impute(images: np.ndarray, removed: np.ndarray) -> np.ndarray:
    """Return images with removed pixels filled in, float32 [N, C, H, W] from 0 to 1.

    images: float [N, C, H, W] from 0 to 1. removed: bool [N, H, W], the same for every channel. At
    an edge the neighbours that exist weigh as much as all would. The noise on removed pixels is the
    same at every call; results are cut to 0 to 1. Of an image without a pixel left its mean is
    known still, and fills it.
    """
    gone = removed.all(axis=(1, 2), keepdims=True)
    mean = images.mean(axis=(2, 3), keepdims=True, dtype=np.float64)
    filled = np.where(gone[:, None], mean, images)
    unknown = removed & ~gone
    # One image at a time: quicker than one system of all, and memory does not grow with them.
    for image, hole in zip(np.moveaxis(filled, 1, -1), unknown, strict=True):
        if hole.any():
            image[hole] = _solve(image, hole)
    noise = np.random.default_rng(0).normal(0, NOISE, images.shape)
    filled += noise * removed[:, None]
    return filled.clip(0, 1).astype(np.float32)


def _solve(image: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    """Return the unknown pixels [U, C] of an image [H, W, C]."""
    count, (height, width) = int(unknown.sum()), unknown.shape
    number = np.full(unknown.shape, -1)
    number[unknown] = np.arange(count)
    weight = np.zeros(unknown.shape)  # of all neighbours that a pixel has
    known = np.zeros(image.shape)  # their weighted sum, where they are known
    rows, columns, values = [], [], []
    for (down, right), value in WEIGHTS.items():
        here = np.s_[: height - down, max(0, -right) : width - max(0, right)]
        there = np.s_[down:, max(0, right) : width - max(0, -right)]
        for one, other in ((here, there), (there, here)):
            weight[one] += value
            known[one] += value * image[other] * ~unknown[other][..., None]
            both = unknown[one] & unknown[other]
            rows.append(number[one][both])
            columns.append(number[other][both])
            values.append(np.full(len(rows[-1]), -value))
    diagonal = np.arange(count)
    place = np.concatenate([*rows, diagonal]), np.concatenate([*columns, diagonal])
    entries = np.concatenate([*values, weight[unknown]])
    system = sparse.csc_array((entries, place), shape=(count, count))
    return splu(system, **SYMMETRIC).solve(known[unknown])
