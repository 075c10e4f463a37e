"""Which pixels made a network say what it says, by one of the methods in `methods/`."""

import importlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from blocklab.data.prepared import Split
from blocklab.explanation.measures.completeness import is_incomplete
from blocklab.networks.images import as_input
from blocklab.networks.network import exact_float32, predict

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
    margins: np.ndarray  # [M], logit of the predicted class minus the highest other one
    attributions: np.ndarray  # [M, C, H, W], in units of the target
    delta: np.ndarray  # [M], sum of attributions minus change of target
    steps: np.ndarray  # [M], points that the image's attributions were summed of


@dataclass(frozen=True)
class Explainer:
    """How images are explained: `target` is a key of TARGETS, `method` a file in `methods/`.

    batch_size: images that a network is given at once, points on a path included.
    """

    target: str
    method: str = "integrated_gradients"
    batch_size: int = 250

    def maps(
        self, network: nn.Module, images: Split, steps: int, baselines: torch.Tensor | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return attributions [M, C, H, W] of the true classes' targets, and deltas [M].

        baselines: float [M, C, H, W] from 0 to 1, black images if there are none. The network is
        put into evaluation mode: dropout and batch statistics would make maps meaningless.
        """
        attribute = importlib.import_module(f"blocklab.explanation.methods.{self.method}").attribute
        network.eval()
        transform = TARGETS[self.target]
        attributions, deltas = [], []
        # captum's own batching splits the steps, not the images.
        size = min(IMAGES_AT_ONCE, self.batch_size)
        for start in range(0, len(images.labels), size):
            inputs = as_input(images.images[start : start + size])
            compared = torch.zeros_like(inputs)
            if baselines is not None:
                compared = baselines[start : start + size].to(inputs.device)
            labels = images.labels[start : start + size]
            with exact_float32():
                attribution, delta = attribute(
                    lambda x: transform(network(x)),
                    inputs,
                    compared,
                    labels,
                    steps,
                    self.batch_size,
                )
            attributions.append(attribution.detach().float().cpu())
            deltas.append(delta.detach().float().cpu())
        return torch.cat(attributions).numpy(), torch.cat(deltas).numpy()

    def complete_maps(
        self, network: nn.Module, images: Split, steps: int, most_steps: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return attributions, deltas and steps [M]: doubled, up to `most_steps`, where incomplete.

        Which are: see `measures/completeness.py`. A network that bends sharply on an image's path
        costs more points there alone.
        """
        maps, delta = self.maps(network, images, steps)
        used = np.full(len(delta), steps)
        while (
            2 * steps <= most_steps and (again := np.flatnonzero(is_incomplete(maps, delta))).size
        ):
            steps *= 2
            maps[again], delta[again] = self.maps(network, images.at(again), steps)
            used[again] = steps
        return maps, delta, used


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
    most_steps: int = 0,
    batch_size: int = 250,
) -> Explanation:
    """Attribute the true class's target of every image in the split to its pixels.

    target, method, batch_size: as an Explainer has them. steps: how finely a method sums, as the
    number of points on the path of Integrated Gradients; doubled up to `most_steps` for images
    whose sum is not complete.
    """
    explainer = Explainer(target, method, batch_size)
    maps, delta, used = explainer.complete_maps(network, images, steps, most_steps)
    logits = predict(network, images.images).cpu()
    probabilities = logits.softmax(dim=1)
    highest = logits.topk(min(2, logits.shape[1]), dim=1).values
    return Explanation(
        predictions=probabilities.argmax(dim=1).numpy(),
        probabilities=probabilities.max(dim=1).values.numpy(),
        margins=(highest[:, 0] - highest[:, -1]).numpy(),
        attributions=maps,
        delta=delta,
        steps=used,
    )
