"""Integrated Gradients: which images, what they add up to, and that the network holds still."""

import numpy as np
import pytest
import torch
from torch import nn

from blocklab.explanation import methods
from blocklab.explanation.explanation import (
    IMAGES_AT_ONCE,
    TARGETS,
    choose_images,
    explain,
)
from blocklab.networks.images import as_input
from blocklab.networks.network import initialise, predict
from blocklab.training.loop import train
from blocklab.training.settings import Settings

LABELS = torch.tensor([3, 1, 1, 0, 3, 2, 2, 0, 1, 3, 0, 2])
SETTINGS = Settings(
    batch_size=16, epochs=4, optimizer="adam", learning_rate=0.01, loss="cross_entropy"
)


@pytest.fixture
def trained(small_layers, make_data):
    return train(small_layers, make_data(), SETTINGS, [0])[0][0]


@pytest.fixture
def images(make_data):
    """More images than are explained at once."""
    return make_data(test=IMAGES_AT_ONCE + 3).test


def test_the_first_images_are_one_of_each_class_in_order():
    chosen, gallery = choose_images(LABELS, classes=4, sample=5, seed=0)
    assert gallery == 4
    assert LABELS[chosen[:4]].tolist() == [0, 1, 2, 3]
    assert len(chosen) == 9
    assert len(set(chosen.tolist())) == 9
    assert chosen[4:].tolist() == sorted(chosen[4:].tolist())
    assert chosen.dtype == np.int64


def test_the_choice_depends_on_the_seed_alone():
    first, _ = choose_images(LABELS, 4, 5, seed=1)
    torch.manual_seed(99)
    np.random.seed(99)
    assert choose_images(LABELS, 4, 5, seed=1)[0].tolist() == first.tolist()
    assert len({tuple(choose_images(LABELS, 4, 5, seed)[0]) for seed in range(5)}) > 1


@pytest.mark.parametrize(("sample", "count"), [(0, 4), (8, 12), (100, 12)])
def test_the_sample_may_run_short(sample, count):
    chosen, _ = choose_images(LABELS, 4, sample, 0)
    assert len(set(chosen.tolist())) == count


def test_a_class_without_test_images_has_no_place_in_the_gallery():
    chosen, gallery = choose_images(LABELS, classes=6, sample=0, seed=0)
    assert gallery == 4
    assert LABELS[chosen].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("target", TARGETS)
def test_attributions_sum_to_the_change_of_the_true_classs_target(trained, images, target):
    explanation = explain(trained, images, target, steps=50)
    assert explanation.attributions.shape == (13, 1, 8, 8)
    black = torch.zeros(1, 1, 8, 8)
    with torch.no_grad():
        logits, start = trained(as_input(images.images)), trained(black)
    if target == "softmax":
        values, floor = logits.softmax(1), start.softmax(1)
    else:
        values, floor = logits - logits.mean(1, keepdim=True), start - start.mean()
    change = (values - floor)[torch.arange(13), images.labels].numpy()
    largest = np.abs(change).max().item()
    assert largest > 0.2
    sums = explanation.attributions.sum(axis=(1, 2, 3))
    assert np.abs(explanation.delta).max() < 0.01 * largest
    assert sums == pytest.approx(change, abs=0.01 * largest)
    assert explanation.delta == pytest.approx(sums - change, abs=1e-5)


def test_a_linear_network_is_explained_exactly(images):
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 4))
    weight = network[1].weight.detach()
    weight = (weight - weight.mean(0))[images.labels].reshape(-1, 1, 8, 8)
    explanation = explain(network, images, "logit_minus_mean", steps=3)
    assert explanation.attributions == pytest.approx(
        (weight * images.images / 255).numpy(), abs=1e-6
    )


def test_a_shift_of_all_logits_changes_nothing(trained, images):
    before = explain(trained, images, "logit_minus_mean", steps=5)
    with torch.no_grad():
        trained[-1].linear.bias += 7
    after = explain(trained, images, "logit_minus_mean", steps=5)
    assert after.attributions == pytest.approx(before.attributions, abs=1e-5)


def test_black_pixels_get_exactly_nothing(trained, images):
    attributions = explain(trained, images, "logit_minus_mean", steps=5).attributions
    black = images.images.numpy() == 0
    assert black.sum() >= 4 * len(images.labels)
    assert (attributions[black] == 0).all()
    assert (attributions[~black] != 0).mean() > 0.9


def test_the_network_is_explained_in_evaluation_mode(trained, images):
    state = {name: value.clone() for name, value in trained.state_dict().items()}
    first = explain(trained.train(), images, "softmax", steps=5)
    assert not any(module.training for module in trained.modules())
    second = explain(trained.train(), images, "softmax", steps=5)
    assert np.array_equal(first.attributions, second.attributions)
    assert all(torch.equal(value, state[name]) for name, value in trained.state_dict().items())


def test_convolutions_are_not_cut_to_tf32(trained, images):
    seen = []

    class Watching(nn.Module):
        def forward(self, x):
            seen.append(torch.backends.cudnn.allow_tf32)
            return trained(x)

    explain(Watching(), images, "softmax", steps=2)
    assert len(seen) > 2  # captum's, then those that predict
    assert not any(seen)
    assert torch.backends.cudnn.allow_tf32


def test_images_are_explained_each_by_itself_and_in_order(trained, images):
    together = explain(trained, images, "logit_minus_mean", steps=5)
    for position in (0, 7, 12):
        alone = explain(trained, images.at(np.array([position])), "logit_minus_mean", steps=5)
        expected = pytest.approx(alone.attributions[0], abs=1e-5)
        assert together.attributions[position] == expected


def test_predictions_and_their_probabilities(small_layers, images):
    network = initialise(small_layers, 3)  # untrained, so that it is often wrong
    explanation = explain(network, images, "softmax", steps=2)
    probabilities = predict(network, images.images).softmax(1).numpy()
    assert explanation.predictions.tolist() == probabilities.argmax(1).tolist()
    assert explanation.predictions.tolist() != images.labels.tolist()
    assert explanation.probabilities == pytest.approx(probabilities.max(1))


def test_a_method_is_one_file(trained, images, tmp_path, monkeypatch):
    (tmp_path / "gradient_times_input.py").write_text(
        "import torch\n"
        "def attribute(model, inputs, baselines, labels, steps, batch_size):\n"
        "    inputs = inputs.requires_grad_()\n"
        "    target = model(inputs).gather(1, labels[:, None]).sum()\n"
        "    (gradient,) = torch.autograd.grad(target, inputs)\n"
        "    return gradient * inputs.detach(), torch.full(labels.shape, torch.nan)\n"
    )
    monkeypatch.setattr(methods, "__path__", [*methods.__path__, str(tmp_path)])
    explanation = explain(trained, images, "logit_minus_mean", 1, "gradient_times_input")
    inputs = as_input(images.images).requires_grad_()
    target = TARGETS["logit_minus_mean"](trained(inputs)).gather(1, images.labels[:, None]).sum()
    (gradient,) = torch.autograd.grad(target, inputs)
    expected = (gradient * inputs).detach().numpy()
    assert np.allclose(explanation.attributions, expected, atol=1e-6)
    assert np.isnan(explanation.delta).all()
