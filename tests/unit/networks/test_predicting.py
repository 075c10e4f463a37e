"""What a network says of images: bytes become numbers, batches change nothing."""

import pytest
import torch

from blocklab.networks.images import as_input
from blocklab.networks.network import initialise, predict


def test_predicting_is_in_evaluation_mode_and_leaves_the_network_as_it_was(small_layers, make_data):
    images = make_data().test.images
    network = initialise(small_layers, 0)
    network(as_input(images))  # gives batch normalisation statistics
    before = {name: value.clone() for name, value in network.state_dict().items()}
    together = predict(network.train(), images)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    alone = torch.cat([predict(network, images[i : i + 1]) for i in range(len(images))])
    torch.testing.assert_close(together, alone)
    torch.testing.assert_close(together, network.eval()(images / 255))
    assert together.dtype == torch.float32
    assert not together.requires_grad


def test_predicting_more_images_than_a_batch_keeps_their_order(
    small_layers, make_data, monkeypatch
):
    images, network = make_data().test.images, initialise(small_layers, 0)
    whole = predict(network, images)
    monkeypatch.setattr("blocklab.networks.network.INFERENCE_BATCH", 7)
    torch.testing.assert_close(predict(network, images), whole)


def test_predicting_no_images_gives_no_logits(small_layers):
    empty = torch.empty(0, 1, 8, 8, dtype=torch.uint8)
    assert predict(initialise(small_layers, 0), empty).shape == (0, 4)


def test_as_input_maps_bytes_to_zero_to_one():
    x = as_input(torch.tensor([0, 51, 255], dtype=torch.uint8).reshape(1, 3, 1, 1))
    assert x.dtype == torch.float32
    assert x.flatten().tolist() == pytest.approx([0, 0.2, 1])
