"""What is ink, and what follows from it for colour images and photographs."""

import numpy as np
import pytest

from blocklab.explanation.agreement import ink_correlation
from blocklab.explanation.ink import by_pixel, ink, on_black

RANDOM = np.random.default_rng(0)


def test_ink_of_a_grey_image_is_what_is_not_black():
    image = np.array([[[[0, 1], [255, 0]]]], np.uint8)
    np.testing.assert_array_equal(ink(image)[0], image[0, 0] > 0)


def test_a_pixel_of_colour_is_ink_if_any_channel_is_and_black_alone_is_not():
    red, black, white = (255, 0, 0), (0, 0, 0), (255, 255, 255)
    image = np.array([[red, black], [black, white]], np.uint8).transpose(2, 0, 1)
    np.testing.assert_array_equal(ink(image), [[True, False], [False, True]])


def test_attributions_by_pixel_keep_their_sum():
    attributions = RANDOM.normal(size=(2, 3, 4, 4))
    assert by_pixel(attributions).shape == (2, 4, 4)
    assert by_pixel(attributions).sum() == pytest.approx(attributions.sum())


def test_agreement_of_colour_images_is_that_of_pixels_not_of_channels():
    image = np.full((1, 3, 4, 4), 90, np.uint8)
    a = RANDOM.normal(size=(1, 3, 4, 4))
    turned = a[:, [1, 2, 0]]  # other channels, the same pixels
    assert ink_correlation(a, turned, image) == pytest.approx(1)
    # Where the image is black nothing is compared, whatever is there.
    image[..., 2:] = 0
    turned[..., 2:] = RANDOM.normal(size=(1, 3, 4, 2))
    assert ink_correlation(a, turned, image) == pytest.approx(1)


def test_digits_and_clothes_lie_on_black_and_photographs_do_not():
    assert on_black(0.19) and on_black(0.6)
    assert not on_black(0.97) and not on_black(1.0)
