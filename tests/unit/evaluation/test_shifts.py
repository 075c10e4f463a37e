"""Predictions that are averaged over shifted copies."""

import pytest
import torch
from torch import nn

from blocklab.evaluation.shifts import predict_shifted
from blocklab.networks.network import initialise, predict


class SaysWhereTheInkIs(nn.Module):
    """Logits of three classes: the brightness of the columns of a row of three pixels."""

    def forward(self, x):
        return 100 * x[:, 0, 1, :]


def test_no_shift_is_the_network_itself(small_layers, make_data):
    network, images = initialise(small_layers, 7), make_data().test.images
    assert torch.equal(predict_shifted(network, images, 0), predict(network, images))


def test_shares_of_nine_copies_by_hand():
    image = torch.zeros(1, 1, 3, 3, dtype=torch.uint8)
    image[0, 0, 1, 1] = 255
    probabilities = predict_shifted(SaysWhereTheInkIs(), image, 1).exp()
    # Of nine copies, three have the pixel in the middle row: one each left, middle and right. In
    # the other six that row is black and every class is as likely.
    assert probabilities[0].tolist() == pytest.approx([1 / 9 + 6 / 27] * 3)
    image[0, 0, 1, 1], image[0, 0, 1, 2] = 0, 255
    # At the right edge it leaves the image in one copy of the three.
    shares = [0 + 7 / 27, 1 / 9 + 7 / 27, 1 / 9 + 7 / 27]
    assert predict_shifted(SaysWhereTheInkIs(), image, 1).exp()[0].tolist() == pytest.approx(shares)


def test_they_are_probabilities_of_every_colour():
    images = torch.randint(0, 256, (5, 3, 8, 8), dtype=torch.uint8)
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 4))
    assert predict_shifted(network, images, 2).exp().sum(dim=1).tolist() == pytest.approx([1] * 5)
