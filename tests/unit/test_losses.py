"""The losses: worked out by hand, and the same in training as in evaluation."""

import numpy as np
import pytest
import torch

from blocklab.losses import LOSSES, cross_entropy, softmax

# Logarithms of probabilities: 4 images, 3 classes.
SHARES = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [0.25, 0.25, 0.5]])
LOGITS = np.log(SHARES).astype(np.float32) + np.float32(3)  # a shift that must not matter
LABELS = np.array([0, 1, 1, 2])
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
