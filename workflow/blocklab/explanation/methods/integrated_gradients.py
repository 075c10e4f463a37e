"""Integrated Gradients: gradients summed along the path from a baseline image to the image.

Sundararajan et al. 2017, Axiomatic Attribution for Deep Networks, arXiv 1703.01365; computed by
captum. The attributions of an image sum to the change in the target between baseline and image;
what is missing from that sum is the convergence delta.
"""

from collections.abc import Callable

import torch


def attribute(
    model: Callable[[torch.Tensor], torch.Tensor],
    inputs: torch.Tensor,
    baselines: torch.Tensor,
    labels: torch.Tensor,
    steps: int,
    batch_size: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return attributions and convergence deltas from `steps` points on the path."""
    from captum.attr import IntegratedGradients

    return IntegratedGradients(model).attribute(
        inputs,
        baselines,
        target=labels,
        n_steps=steps,
        internal_batch_size=batch_size,
        return_convergence_delta=True,
    )
