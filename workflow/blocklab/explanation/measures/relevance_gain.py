"""How well an explanation's order of pixels tells what the network needs, against brightness.

Deletion removes pixels, the most relevant first, and the probability of the true class should fall
at once; insertion keeps the most relevant ones alone, and it should be high soon. The symmetric
relevance gain is the area between the two curves: Bluecher et al. 2024, Decoupling Pixel Flipping
and Occlusion Strategy for Consistent XAI Benchmarks, arXiv 2401.06654. A random order gains 0,
an order turned round the negative.

Cautions. Such curves reward smooth maps: to remove a whole stroke hurts more than to remove as many
scattered pixels, which their neighbours give away. Removed pixels make images that no network was
trained on. Black fill favours an order that puts ink first where the ground is black, as removing
ground changes nothing: hence the order by brightness, which knows nothing of the network, beside
the own order, and ROAD's fill beside black.
"""

import hashlib
from collections.abc import Callable

import numpy as np
import pandas as pd

from blocklab.explanation.ink import by_pixel
from blocklab.explanation.measures.imputation import impute

# Closer where curves are steep; the same from both ends, so that an order turned round gains the
# negative.
SHARES = (0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1)
FILLS = {"black": lambda images, removed: images * ~removed[:, None], "road": impute}
ORDERS = ("own", "brightness")


def relevance_gain(
    predict: Callable[[np.ndarray], np.ndarray],
    images: np.ndarray,
    labels: np.ndarray,
    maps: np.ndarray,
) -> pd.DataFrame:
    """Return the deletion and insertion curves of the own order and of the brightness order.

    predict: takes float32 images [N, C, H, W] from 0 to 1 to softmax probabilities [N, K].
    images: uint8 [N, C, H, W]. labels [N]: the true classes. maps [N, C, H, W]: attributions.

    Columns: fill (black, road), order (own, by signed attribution, summed over channels; or
    brightness), kind (deletion, insertion), share (of pixels, removed by deletion or kept by
    insertion: SHARES, rounded to whole pixels), probability (of the true class, mean over the
    images; NaN from maps that are not finite). Pixels that tie are in a random order, the same at
    every call.
    """
    pictures = images.astype(np.float32) / 255
    relevance = {"own": by_pixel(maps), "brightness": by_pixel(images.astype(int))}
    ask = _asking_once(predict)
    rows = []
    for order in ORDERS:
        told = np.isfinite(relevance[order]).all()
        rank = _rank(relevance[order])
        pixels = rank[0].size
        for count in np.unique(np.round(np.multiply(SHARES, pixels))):
            first = rank < count
            for kind, removed in (("deletion", first), ("insertion", ~first)):
                for fill, filled in FILLS.items():
                    probabilities = ask(filled(pictures, removed))
                    true = probabilities[np.arange(len(labels)), labels]
                    probability = true.mean() if told else np.nan
                    rows.append((fill, order, kind, count / pixels, probability))
    columns = ["fill", "order", "kind", "share", "probability"]
    return pd.DataFrame(rows, columns=columns).sort_values(columns[:4], ignore_index=True)


def symmetric_gain(curves: pd.DataFrame) -> dict[str, float]:
    """Return the area between insertion and deletion curves of `relevance_gain`.

    gain_black, gain_road: of the own order; brightness_gain_black, brightness_gain_road. In units
    of probability, below 1: 0 is what a random order gains, and what brightness gains is what an
    explanation has to beat. Where curves start and end cancels out, as both see the same images.
    """
    gains = {}
    for order, prefix in (("own", ""), ("brightness", "brightness_")):
        for fill in FILLS:
            drawn = curves[(curves["order"] == order) & (curves["fill"] == fill)]
            by_kind = drawn.pivot(index="share", columns="kind", values="probability")
            between = by_kind["insertion"] - by_kind["deletion"]
            gains[f"{prefix}gain_{fill}"] = float(np.trapezoid(between, between.index))
    return gains


def _asking_once(predict: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """Return `predict`, but that no image is predicted twice.

    Filled with black on a black ground, images are the same for most shares.
    """
    known: dict[bytes, np.ndarray] = {}

    def ask(images: np.ndarray) -> np.ndarray:
        keys = [hashlib.sha256(image.tobytes()).digest() for image in images]
        new = {key: image for key, image in zip(keys, images, strict=True) if key not in known}
        if new:
            known.update(zip(new, np.asarray(predict(np.stack([*new.values()]))), strict=True))
        return np.stack([known[key] for key in keys])

    return ask


def _rank(relevance: np.ndarray) -> np.ndarray:
    """Return each pixel's place among its image's, 0 for the most relevant; [N, H, W] both."""
    flat = relevance.reshape(len(relevance), -1)
    ties = np.random.default_rng(0).random(flat.shape)
    places = np.empty(flat.shape, int)
    for place, values, tie in zip(places, flat, ties, strict=True):
        place[np.lexsort((tie, -values))] = np.arange(len(values))
    return places.reshape(relevance.shape)
