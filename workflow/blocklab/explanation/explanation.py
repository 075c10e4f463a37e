"""Which pixels made a network say what it says, by one of the methods in `methods/`."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from blocklab.data.prepared import Split
from blocklab.networks.images import as_input
from blocklab.networks.network import Layer, exact_float32, initialise, predict
from blocklab.networks.weights import load_weights

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


def explain(
    network: nn.Module,
    images: Split,
    target: str,
    steps: int,
    method: str = "integrated_gradients",
) -> Explanation:
    """Attribute the true class's target of every image in the split to its pixels.

    `target` is a key of TARGETS, `method` a file in `methods/`; `steps` is how finely a method
    sums, as the number of points on the path of Integrated Gradients. The network is put into
    evaluation mode: dropout and batch statistics would make attributions meaningless.
    """
    attribute = importlib.import_module(f"blocklab.explanation.methods.{method}").attribute
    network.eval()
    transform = TARGETS[target]
    attributions, deltas = [], []
    # captum's own batching splits the steps, not the images.
    for batch, labels in zip(
        images.images.split(IMAGES_AT_ONCE), images.labels.split(IMAGES_AT_ONCE), strict=True
    ):
        with exact_float32():
            attribution, delta = attribute(
                lambda x: transform(network(x)), as_input(batch), labels, steps
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


def explain_run(
    weights: Path, layers: list[Layer], seed: int, test: Split, settings: Mapping
) -> dict[str, np.ndarray]:
    """Return the arrays of one seed's attributions.npz.

    settings: the config's `explanation` section. `test` lies on the device to compute on.

    Arrays: those of Explanation, `images` uint8 [M, C, H, W], `labels` [M], `indices` [M],
    `gallery`: how many of them, one per class, come first; `seed`; `untrained`
    [gallery, C, H, W], the attributions before training.
    """
    positions, gallery = choose_images(
        test.labels, layers[-1].output_shape[0], settings["sample"], settings["seed"]
    )
    images, shown = test.at(positions), test.at(positions[:gallery])
    device = test.images.device
    how = {key: settings[key] for key in ("method", "target", "steps")}
    trained = explain(load_weights(weights, layers, seed).to(device), images, **how)
    untrained = explain(initialise(layers, seed).to(device), shown, **how)
    return {
        "seed": np.array(seed),
        "indices": images.indices.cpu().numpy(),
        "gallery": np.array(gallery),
        "images": images.images.cpu().numpy(),
        "labels": images.labels.cpu().numpy(),
        "untrained": untrained.attributions,
        **vars(trained),
    }
