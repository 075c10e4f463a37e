"""The losses: worked out by hand, and the same in training as in evaluation."""

import numpy as np
import pandas as pd
import pytest
import torch
from logits_by_hand import LABELS, LOGITS, SHARES
from torch.nn import functional as F

from blocklab.evaluation.evaluation import evaluate_run
from blocklab.losses import LOSSES, Loss, cross_entropy, softmax
from blocklab.training.loop import train
from blocklab.training.settings import Settings

plain, double = LOSSES["cross_entropy"], LOSSES["double_softmax_cross_entropy"]


def test_by_hand():
    assert softmax(LOGITS) == pytest.approx(SHARES, abs=1e-6)
    right = SHARES[np.arange(4), LABELS]
    assert cross_entropy(LOGITS, LABELS) == pytest.approx(-np.log(right).mean(), abs=1e-6)
    twice = -(right - np.log(np.exp(SHARES).sum(axis=1))).mean()
    assert double.of_arrays(LOGITS, LABELS) == pytest.approx(twice, abs=1e-6)


def test_large_logits_neither_overflow_nor_vanish():
    logits = np.array([[1e4, 0, -1e4]], np.float32)
    assert softmax(logits) == pytest.approx(np.array([[1, 0, 0]]))
    assert cross_entropy(logits, np.array([1])) == pytest.approx(1e4)


@pytest.mark.parametrize("loss", LOSSES)
def test_training_and_evaluation_compute_the_same(loss):
    tensors = LOSSES[loss].of_tensors(torch.from_numpy(LOGITS), torch.from_numpy(LABELS))
    assert LOSSES[loss].of_arrays(LOGITS, LABELS) == pytest.approx(tensors.item(), abs=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_is_float32_whatever_the_precision_of_the_forward_pass(loss):
    logits, labels = torch.from_numpy(LOGITS).bfloat16(), torch.from_numpy(LABELS)
    assert LOSSES[loss].of_tensors(logits, labels).dtype == torch.float32


def test_double_softmax_cannot_fall_below_its_floor():
    labels = torch.arange(10)
    certain = 1000 * torch.eye(10)
    assert double.of_tensors(certain, labels).item() == pytest.approx(1.46115, abs=5e-6)
    assert plain.of_tensors(certain, labels).item() == pytest.approx(0, abs=1e-6)
    random = 5 * torch.randn(1000, 10, generator=torch.Generator().manual_seed(0))
    worst = min(double.of_tensors(x[None], labels[3:4]).item() for x in random)
    assert worst > 1.4611


def test_double_softmax_hardly_moves_what_is_confidently_wrong():
    def gradient(loss):
        logits = (20 * torch.eye(10)[:1]).requires_grad_()
        loss.of_tensors(logits, torch.tensor([1])).backward()
        return logits.grad.abs().max().item()

    assert gradient(double) < 1e-7
    assert gradient(plain) > 0.9


def test_another_loss_is_one_entry(small_layers, make_data, monkeypatch):
    """The Brier score (1950) is trained with and reported, and known by its name alone."""

    def of_arrays(logits, labels):
        return float(((softmax(logits) - np.eye(4)[labels]) ** 2).sum(axis=1).mean())

    def of_tensors(logits, labels, smoothing=0.0):
        wanted = (1 - smoothing) * torch.eye(4)[labels] + smoothing / 4
        return ((logits.float().softmax(dim=1) - wanted) ** 2).sum(dim=1).mean()

    monkeypatch.setitem(LOSSES, "brier", Loss(of_tensors, of_arrays))
    data, settings = make_data(), Settings(16, 8, "adam", 0.01, "brier")
    networks, history = train(small_layers, data, settings, [0])
    assert history[-1]["loss"] < 0.6 * history[0]["loss"]
    metrics, _ = evaluate_run(networks[0], 0, data, "brier", pd.DataFrame(history))
    assert metrics["validation_loss"] == pytest.approx(history[-1]["validation_loss"], abs=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_smoothed_labels_are_a_mixture(loss):
    logits, labels = torch.randn(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    given = logits.softmax(1) if "double" in loss else logits
    target = 0.8 * F.one_hot(labels, 4) + 0.2 / 4
    expected = -(target * given.log_softmax(1)).sum(1).mean()
    assert torch.allclose(LOSSES[loss].of_tensors(logits, labels, 0.2), expected)
