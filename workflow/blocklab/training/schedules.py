"""Learning-rate schedules, step by step, as shares of `learning_rate`, their highest.

cosine: Loshchilov & Hutter 2016, arXiv 1608.03983, without restarts. one_cycle: Smith & Topin 2017,
arXiv 1708.07120, in cosine arcs, momentum left alone. A step reads its rate from a table on the
device, which adds less than 1 % to a step of vgg (docs/benchmark/recipe.md).
"""

import math
from collections.abc import Callable

import torch

from blocklab.training.settings import Settings

ONE_CYCLE_RISE = 0.3  # share of the steps
ONE_CYCLE_START = 1 / 25


def _arc(start: float, end: float, progress: float) -> float:
    """Return what lies at `progress`, from 0 to 1, of half a cosine from `start` to `end`."""
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


# How a schedule rises while it warms up, and how it goes on; both of a progress from 0 to 1.
Curve = Callable[[float], float]
SCHEDULES: dict[str, tuple[Curve, Curve]] = {
    "constant": (lambda progress: progress, lambda progress: 1.0),
    "cosine": (lambda progress: progress, lambda progress: _arc(1.0, 0.0, progress)),
    "one_cycle": (
        lambda progress: _arc(ONE_CYCLE_START, 1.0, progress),
        lambda progress: _arc(1.0, 0.0, progress),
    ),
}


def learning_rates(settings: Settings, steps: int) -> torch.Tensor | None:
    """Return the learning rate of each of `steps` steps, float32 [steps]; None if it is constant.

    `settings.warm_up` is the share of the steps in which the rate rises; None is 0.3 of one_cycle,
    and nothing of the others. No step's rate is 0. Raises KeyError for an unknown schedule.
    """
    rise, go_on = SCHEDULES[settings.schedule]
    share = settings.warm_up
    if share is None:
        share = ONE_CYCLE_RISE if settings.schedule == "one_cycle" else 0.0
    rising = round(share * steps)
    if settings.schedule == "constant" and not rising:
        return None
    # Middles of steps, so that neither end is 0.
    shares = [rise((step + 0.5) / rising) for step in range(rising)]
    shares += [go_on((step + 0.5) / (steps - rising)) for step in range(steps - rising)]
    return torch.tensor(shares, dtype=torch.float64).mul(settings.learning_rate).float()
