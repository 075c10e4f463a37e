"""Integrated Gradients: which pixels made a network say what it says.

Sundararajan et al. 2017, Axiomatic Attribution for Deep Networks, arXiv 1703.01365; computed by
captum along the path from a black image. The attributions of an image sum to the change in the
target between black and the image; what is missing from that sum is the convergence delta.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from blocklab.data.prepared import Split
from blocklab.networks.network import as_input, predict

IMAGES_AT_ONCE = 10

TARGETS = {
    # Logits carry a shift of their own in every network; against their mean they compare.
    "logit_minus_mean": lambda logits: logits - logits.mean(dim=1, keepdim=True),
    "softmax": lambda logits: logits.softmax(dim=1),
}


@dataclass(frozen=True)
class Explanation:
    """What one network says of M images, and why."""

    predictions: np.ndarray  # [M]
    probabilities: np.ndarray  # [M], softmax probability of the predicted class
    attributions: np.ndarray  # [M, C, H, W], in units of the target
    delta: np.ndarray  # [M], sum of attributions minus change of target


def choose_images(
    labels: torch.Tensor, classes: int, sample: int, seed: int
) -> tuple[np.ndarray, int]:
    """Return positions of test images, one per class, then a random sample, and how many are first.

    The same labels, sample and seed give the same positions, so all networks explain the same
    images. The sample has no image twice and none of the first; it may run short of `sample`.
    """
    generator = np.random.default_rng(seed)
    labels = labels.cpu().numpy()
    gallery = [
        generator.choice(np.flatnonzero(labels == label))
        for label in range(classes)
        if (labels == label).any()
    ]
    rest = np.setdiff1d(np.arange(len(labels)), gallery)
    chosen = generator.choice(rest, size=min(sample, len(rest)), replace=False)
    return np.concatenate([gallery, np.sort(chosen)]).astype(np.int64), len(gallery)


def explain(network: nn.Module, images: Split, target: str, steps: int) -> Explanation:
    """Attribute the true class's target of every image in the split to its pixels.

    `target` is a key of TARGETS; `steps` the number of points on the path. The network is put
    into evaluation mode: dropout and batch statistics would make attributions meaningless.
    """
    from captum.attr import IntegratedGradients

    network.eval()
    transform = TARGETS[target]
    method = IntegratedGradients(lambda x: transform(network(x)))
    attributions, deltas = [], []
    # captum's own batching splits the steps, not the images.
    for batch, labels in zip(
        images.images.split(IMAGES_AT_ONCE), images.labels.split(IMAGES_AT_ONCE), strict=True
    ):
        attribution, delta = method.attribute(
            as_input(batch), target=labels, n_steps=steps, return_convergence_delta=True
        )
        attributions.append(attribution.float().cpu())
        deltas.append(delta.float().cpu())
    probabilities = predict(network, images.images).softmax(dim=1).cpu()
    return Explanation(
        predictions=probabilities.argmax(dim=1).numpy(),
        probabilities=probabilities.max(dim=1).values.numpy(),
        attributions=torch.cat(attributions).numpy(),
        delta=torch.cat(deltas).numpy(),
    )
