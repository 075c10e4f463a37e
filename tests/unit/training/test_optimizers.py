"""Decay and clipping, by hand."""

import pytest
import torch
from recipes import plain_settings as settings

from blocklab.training.learner import Learner
from blocklab.training.optimizers import make_optimizer


def test_weights_decay_and_biases_do_not(small_layers, make_data):
    split = make_data().training
    chosen = settings(weight_decay=0.5, learning_rate=0.1)
    learner = Learner(small_layers, split, chosen, 0)
    before = [value.clone() for value in learner.network.parameters()]
    for value in learner.network.parameters():
        value.grad = torch.zeros_like(value)
    make_optimizer(learner.network, chosen, split.images.device, False).step()
    kinds = set()
    for old, new in zip(before, learner.network.parameters(), strict=True):
        kinds.add(old.dim() > 1)
        assert torch.allclose(new, old * (0.95 if old.dim() > 1 else 1.0))
    assert kinds == {True, False}


def test_a_gradient_is_cut_to_its_largest_norm(small_layers, make_data):
    split = make_data().training
    learner = Learner(small_layers, split, settings(gradient_clipping=1e-3), 0)
    before = [value.clone() for value in learner.network.parameters()]
    learner.start_epoch()
    learner.step(0)
    moves = [new - old for old, new in zip(before, learner.network.parameters(), strict=True)]
    length = torch.cat([move.detach().flatten() for move in moves]).norm()
    assert length.item() == pytest.approx(0.1 * 1e-3, rel=1e-3)
