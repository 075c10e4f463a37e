"""Pixels removed by their relevance: imputed by hand, and networks whose needs are known."""

import math

import numpy as np
import pytest

from blocklab.explanation.measures.imputation import NOISE, impute
from blocklab.explanation.measures.relevance_gain import relevance_gain, symmetric_gain

SIDE = 8
COUNT = 20
IMAGES = np.random.default_rng(0).integers(1, 256, (COUNT, 1, SIDE, SIDE)).astype(np.uint8)
LABELS = np.arange(COUNT) % 2
WEIGHT = np.random.default_rng(1).normal(size=(SIDE, SIDE))
AWAY = pytest.approx(0, abs=5 * NOISE)


def removed(*rows: str) -> np.ndarray:
    """Return which pixels of one image are removed, those drawn as x."""
    return np.array([[[letter == "x" for letter in row] for row in rows]])


def linear(images: np.ndarray) -> np.ndarray:
    """Two classes; the logit of class 1 is a weighted sum of the pixels, of class 0 minus it."""
    logit = (images.sum(axis=1) * WEIGHT).sum(axis=(1, 2))
    return np.stack([1 / (1 + np.exp(logit)), 1 / (1 + np.exp(-logit))], axis=1)


def maps_of_linear(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return WEIGHT * images / 255 * np.where(labels == 1, 1, -1)[:, None, None, None]


def gains(predict, images, labels, maps) -> dict[str, float]:
    return symmetric_gain(relevance_gain(predict, images, labels, maps))


def without_noise(images, holes):
    """Return imputed images less the noise, which is the same at every call."""
    flat = np.full(images.shape, 0.5)
    return impute(images, holes) - (impute(flat, holes) - 0.5)


def test_a_removed_pixel_is_the_weighted_mean_of_its_neighbours():
    image = np.array([[[[0.1, 0.2, 0.3], [0.4, 0, 0.6], [0.7, 0.8, 0.9]]]])
    image[0, 0, 0, 1] = 0.5
    filled = without_noise(image, removed("...", ".x.", "..."))
    expected = (0.5 + 0.4 + 0.6 + 0.8) / 6 + (0.1 + 0.3 + 0.7 + 0.9) / 12
    assert filled[0, 0, 1, 1] == pytest.approx(expected, abs=1e-6)
    filled[0, 0, 1, 1] = 0
    assert np.allclose(filled, image, atol=1e-6)


def test_at_an_edge_the_neighbours_that_exist_share_the_weight():
    image = np.array([[[[0, 0.2], [0.4, 0.8]]]])
    filled = without_noise(image, removed("x.", ".."))
    assert filled[0, 0, 0, 0] == pytest.approx((2 * 0.2 + 2 * 0.4 + 0.8) / 5, abs=1e-6)


def test_removed_neighbours_are_solved_for_together():
    image = np.array([[[[0.1, 0, 0, 0.7]]]])
    assert without_noise(image, removed(".xx.")) == pytest.approx(
        np.array([[[[0.1, 0.3, 0.5, 0.7]]]]), abs=1e-6
    )


def test_every_imputed_pixel_solves_its_equation_in_every_channel():
    images = np.random.default_rng(2).uniform(0.2, 0.8, (3, 3, 9, 7))
    holes = np.random.default_rng(2).random((3, 9, 7)) < [[[0.3]], [[0.8]], [[0.0]]]
    filled = np.pad(without_noise(images, holes), [(0, 0), (0, 0), (1, 1), (1, 1)])
    there = np.pad(np.ones((3, 1, 9, 7)), [(0, 0), (0, 0), (1, 1), (1, 1)])
    total, weight = np.zeros(images.shape), np.zeros((3, 1, 9, 7))
    for down in (0, 1, 2):
        for right in (0, 1, 2):
            near = (down != 1) + (right != 1)
            value = {0: 0, 1: 1 / 6, 2: 1 / 12}[near]
            total += value * filled[:, :, down : down + 9, right : right + 7]
            weight += value * there[:, :, down : down + 9, right : right + 7]
    where = np.repeat(holes[:, None], 3, 1)
    assert where.any()
    filled = filled[:, :, 1:-1, 1:-1]
    assert np.allclose(filled[where], (total / weight)[where], atol=1e-5)
    assert np.allclose(filled[~where], images[~where], atol=1e-6)


def test_of_an_image_without_a_pixel_left_the_mean_is_known():
    images = np.stack([np.full((2, 5, 5), 0.3), np.full((2, 5, 5), 0.6)])
    images[0, 1] = 0.9
    holes = np.stack([np.ones((5, 5), bool), np.zeros((5, 5), bool)])
    expected = images.copy()
    assert without_noise(images, holes) == pytest.approx(expected, abs=1e-6)


def test_noise_is_little_fixed_and_stays_within_what_an_image_can_be():
    images = np.full((2, 1, 40, 40), 0.5)
    holes = np.ones((2, 40, 40), bool)
    noise = impute(images, holes) - 0.5
    assert noise.std() == pytest.approx(NOISE, rel=0.05)
    assert np.array_equal(impute(images, holes), impute(images, holes))
    assert not np.array_equal(noise[0], noise[1])
    black = impute(images * 0, holes)
    assert black.min() == 0 < black.max() and black.dtype == np.float32


def test_curves_of_one_pixel_that_counts():
    images = np.zeros((1, 1, 2, 5), np.uint8)
    images[0, 0, 1, 2] = 255
    maps = images / 255

    def predict(batch):
        seen = batch[:, 0, 1, 2]
        return np.stack([1 - seen, seen], axis=1)

    curves = relevance_gain(predict, images, np.array([1]), maps)
    assert list(curves.columns) == ["fill", "order", "kind", "share", "probability"]
    assert len(curves) == 2 * 2 * 2 * 11
    own = curves[(curves["fill"] == "black") & (curves["order"] == "own")]
    shares = [share / 10 for share in range(11)]
    for kind, first, later in (("deletion", 1, 0), ("insertion", 0, 1)):
        drawn = own[own["kind"] == kind]
        assert drawn["share"].tolist() == pytest.approx(shares)
        assert drawn["probability"].tolist() == [first] + [later] * 10
    # Trapezoids: 0.95 under insertion, 0.05 under deletion.
    assert symmetric_gain(curves)["gain_black"] == pytest.approx(0.9)
    assert gains(predict, images, np.array([1]), -maps)["gain_black"] == pytest.approx(-0.9)
    # To the other class the pixel speaks against: what is most relevant is the rest.
    assert gains(predict, images, np.array([0]), -maps)["gain_black"] == pytest.approx(0.9)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_own_order_of_a_known_network_beats_random_and_brightness(channels):
    images = np.repeat(IMAGES, channels, 1)
    maps = maps_of_linear(images, LABELS)
    own = gains(linear, images, LABELS, maps)
    random = gains(linear, images, LABELS, np.random.default_rng(2).normal(size=maps.shape))
    turned = gains(linear, images, LABELS, -maps)
    # Neighbours give a pixel's brightness away, so with ROAD's fill less is lost.
    for fill, least in (("black", 0.5), ("road", 0.05)):
        gain = own[f"gain_{fill}"]
        assert gain > least
        assert gain > own[f"brightness_gain_{fill}"] + least
        assert gain > abs(random[f"gain_{fill}"]) + least
        assert turned[f"gain_{fill}"] == pytest.approx(-gain)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_map_that_is_the_image_gains_nothing_over_brightness(channels):
    images = (
        np.random.default_rng(2).integers(0, 4, (COUNT, channels, SIDE, SIDE)).astype(np.uint8) * 60
    )  # ties
    curves = relevance_gain(linear, images, LABELS, images.astype(np.float32))
    own, brightness = (curves[curves["order"] == order] for order in ("own", "brightness"))
    assert own["probability"].tolist() == brightness["probability"].tolist()
    gain = symmetric_gain(curves)
    assert gain["gain_black"] == gain["brightness_gain_black"] != 0
    assert gain["gain_road"] == gain["brightness_gain_road"] != 0


def test_a_constant_network_needs_no_pixel():
    def predict(batch):
        return np.full((len(batch), 4), 0.25)

    curves = relevance_gain(
        predict, IMAGES, LABELS, np.random.default_rng(2).normal(size=IMAGES.shape)
    )
    assert (curves["probability"] == 0.25).all()
    assert set(symmetric_gain(curves).values()) == {0}


@pytest.mark.parametrize("corner", [np.s_[:4, :4], np.s_[4:, 4:]])
def test_where_all_ties_no_corner_comes_first(corner):
    images = np.full((20, 1, SIDE, SIDE), 255, np.uint8)

    def predict(batch):
        seen = batch[(slice(None), 0, *corner)].mean(axis=(1, 2))
        return np.stack([seen, 1 - seen], axis=1)

    gain = gains(predict, images, np.zeros(20, int), np.ones(images.shape))
    assert gain["gain_black"] == AWAY and gain["brightness_gain_black"] == AWAY


@pytest.mark.parametrize("level", [0, 255])
def test_images_of_no_ink_and_of_ink_alone(level):
    images = np.full((1, 3, 5, 4), level, np.uint8)

    def predict(batch):
        return np.full((len(batch), 2), batch.mean())

    found = gains(predict, images, np.array([1]), np.zeros(images.shape))
    assert all(gain == AWAY for gain in found.values())


def test_maps_that_are_not_finite_have_no_gain_and_brightness_keeps_its_own():
    maps = maps_of_linear(IMAGES, LABELS)
    sound = gains(linear, IMAGES, LABELS, maps)
    maps[2, 0, 3, 3] = np.nan
    found = gains(linear, IMAGES, LABELS, maps)
    assert math.isnan(found["gain_black"]) and math.isnan(found["gain_road"])
    for name in ("brightness_gain_black", "brightness_gain_road"):
        assert found[name] == sound[name]


def test_a_network_that_diverged_has_no_curves():
    def predict(batch):
        return np.full((len(batch), 2), np.nan)

    found = gains(predict, IMAGES, LABELS, IMAGES * np.nan)
    assert all(math.isnan(gain) for gain in found.values())


def test_networks_see_images_of_the_right_kind_and_none_twice():
    seen = []

    def predict(batch):
        seen.append(batch)
        return linear(batch)

    relevance_gain(predict, IMAGES, LABELS, maps_of_linear(IMAGES, LABELS))
    assert {batch.dtype for batch in seen} == {np.dtype(np.float32)}
    assert {batch.shape[1:] for batch in seen} == {IMAGES.shape[1:]}
    seen = np.concatenate(seen)
    assert len(np.unique(seen, axis=0)) == len(seen) > 20 * COUNT
    assert seen.min() == 0 and seen.max() == 1
