"""The two training losses, against torch's own functions."""

import pytest
import torch

from blocklab.training.losses import cross_entropy, double_softmax_cross_entropy


def test_losses_against_torch():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 10, generator=generator)
    labels = torch.randint(0, 10, (6,), generator=generator)
    plain = -logits.log_softmax(1)[torch.arange(6), labels].mean()
    torch.testing.assert_close(cross_entropy(logits, labels), plain)
    twice = -logits.softmax(1).log_softmax(1)[torch.arange(6), labels].mean()
    torch.testing.assert_close(double_softmax_cross_entropy(logits, labels), twice)
    assert double_softmax_cross_entropy(logits.bfloat16(), labels).dtype == torch.float32


def test_double_softmax_cannot_fall_below_its_floor():
    labels = torch.arange(10)
    certain = 1000 * torch.eye(10)
    assert double_softmax_cross_entropy(certain, labels).item() == pytest.approx(1.46115, abs=5e-6)
    assert cross_entropy(certain, labels).item() == pytest.approx(0, abs=1e-6)
    random = 5 * torch.randn(1000, 10, generator=torch.Generator().manual_seed(0))
    worst = min(double_softmax_cross_entropy(x[None], labels[3:4]).item() for x in random)
    assert worst > 1.4611


def test_double_softmax_hardly_moves_what_is_confidently_wrong():
    def gradient(loss):
        logits = (20 * torch.eye(10)[:1]).requires_grad_()
        loss(logits, torch.tensor([1])).backward()
        return logits.grad.abs().max().item()

    assert gradient(double_softmax_cross_entropy) < 1e-7
    assert gradient(cross_entropy) > 0.9
