"""The learning rate of every step: by hand, against torch's, and as a step takes it."""

import pytest
import torch
from recipes import plain_settings as settings
from torch import nn

from blocklab.training.learner import Learner
from blocklab.training.schedules import learning_rates


def test_a_constant_rate_is_no_schedule():
    assert learning_rates(settings(), 10) is None


def test_cosine_by_hand():
    # Middles of two steps: 1/4 and 3/4 of half a cosine, (1 + cos 45°) / 2 and (1 + cos 135°) / 2.
    rates = learning_rates(settings(schedule="cosine"), 2)
    assert rates.tolist() == pytest.approx([0.1 * 0.8535534, 0.1 * 0.1464466])


def test_warm_up_rises_evenly_and_then_stays():
    rates = learning_rates(settings(warm_up=0.5), 4)
    assert rates.tolist() == pytest.approx([0.025, 0.075, 0.1, 0.1])


def test_one_cycle_is_torchs_but_for_the_last_of_its_descent():
    steps = 1000
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.1, total_steps=steps, cycle_momentum=False
    )
    expected = []
    for _ in range(steps):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()
    rates = learning_rates(settings(schedule="one_cycle"), steps)
    # A step's rate is that of its middle here, of its beginning there.
    assert torch.allclose(rates, torch.tensor(expected), atol=0.1 * 4 / steps)
    assert rates.min() > 0 and rates.argmax() in (299, 300)


def test_a_step_learns_at_the_rate_of_the_schedule(small_layers, make_data):
    """One step of plain gradient descent moves weights by rate times gradient."""
    split = make_data().training
    learner = Learner(small_layers, split, settings(warm_up=0.5), 0)
    constant = Learner(small_layers, split, settings(), 0)
    before = [value.clone() for value in learner.network.parameters()]
    for one in (learner, constant):
        one.start_epoch()
        one.step(0)
    share = (learner.rates[0] / 0.1).item()
    assert 0 < share < 0.2
    for old, slow, fast in zip(
        before, learner.network.parameters(), constant.network.parameters(), strict=True
    ):
        assert torch.allclose(slow - old, share * (fast - old), atol=1e-6)
