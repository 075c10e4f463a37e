"""Integrated Gradients: gradients summed along the path from a black image.

Sundararajan et al. 2017, Axiomatic Attribution for Deep Networks, arXiv 1703.01365; computed by
captum. The attributions of an image sum to the change in the target between black and the image;
what is missing from that sum is the convergence delta.
"""

from collections.abc import Callable

import torch


def attribute(
    model: Callable[[torch.Tensor], torch.Tensor],
    inputs: torch.Tensor,
    labels: torch.Tensor,
    steps: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return attributions and convergence deltas from `steps` points on the path."""
    from captum.attr import IntegratedGradients

    return IntegratedGradients(model).attribute(
        inputs, target=labels, n_steps=steps, return_convergence_delta=True
    )
