"""How far an explanation depends on the image that it starts from.

Sturmfels et al. 2020, Visualizing the Impact of Feature Attribution Baselines,
https://distill.pub/2020/attribution-baselines: no image is neutral. From black, pixels that are
black get nothing, whatever they mean to the network; what it says of black is told, too.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import nn

from blocklab.data.prepared import Split
from blocklab.explanation.agreement import ink_correlation
from blocklab.explanation.explanation import IMAGES_AT_ONCE, TARGETS, Explainer
from blocklab.explanation.ink import by_pixel, ink, mean_share
from blocklab.networks.images import LEVELS, as_input
from blocklab.networks.network import exact_float32

OTHERS = ("blurred", "mean", "expected")
BLUR = 1 / 16  # standard deviation of the blur, of an image's side
AVERAGED_AT_ONCE = 100  # as torch makes integers of 8 bytes of them first


def blurred(images: torch.Tensor) -> torch.Tensor:
    """Return uint8 images [M, C, H, W], each blurred by a Gaussian, as floats from 0 to 1."""
    inputs = as_input(images)
    sigma = (0, 0, BLUR * images.shape[2], BLUR * images.shape[3])
    smooth = gaussian_filter(inputs.cpu().numpy(), sigma, mode="nearest")
    return torch.from_numpy(smooth).to(inputs.device)


def mean_image(images: torch.Tensor) -> torch.Tensor:
    """Return the mean [C, H, W] of uint8 images [N, C, H, W], as floats from 0 to 1."""
    total = sum(batch.sum(dim=0, dtype=torch.int64) for batch in images.split(AVERAGED_AT_ONCE))
    return total.float() / (len(images) * (LEVELS - 1))


def expected_gradients(
    network: nn.Module, images: Split, training: torch.Tensor, explainer: Explainer, draws: int
) -> np.ndarray:
    """Return attributions [M, C, H, W] with the training images as the baseline.

    Each is the mean over `draws` of: a training image, a point on the path from it to the image,
    the gradient there times their difference. Erion et al. 2021, arXiv 1906.10670; what captum's
    GradientShap does for each draw. GradientShap itself draws again, with replacement, from the
    training images that it is given: of 50 few more than 30 would count. Every image has draws of
    its own, the same for all networks, made in parts of a size that no key changes, as every part
    draws anew.
    """
    from captum.attr._core.gradient_shap import InputBaselineXGradient

    network.eval()
    estimator = InputBaselineXGradient(lambda x: TARGETS[explainer.target](network(x)))
    sizes = [len(part) for part in np.array_split(np.arange(draws), -(-draws // IMAGES_AT_ONCE))]
    maps = []
    with _numpy_seeded(0), exact_float32():
        for image, label in zip(images.images.split(1), images.labels.split(1), strict=True):
            total = 0
            for size in sizes:
                chosen = torch.from_numpy(np.random.randint(len(training), size=size))
                drawn = as_input(training[chosen.to(training.device)])
                part = estimator.attribute(as_input(image.expand_as(drawn)), drawn, target=label)
                total = total + part.detach().float().cpu().sum(dim=0, keepdim=True)
            maps.append(total / draws)
    return torch.cat(maps).numpy()


@contextmanager
def _numpy_seeded(seed: int) -> Iterator[None]:
    """Seed NumPy's global random state within the block, which is where captum draws from."""
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)


def other_maps(
    network: nn.Module,
    images: Split,
    training: torch.Tensor,
    explainer: Explainer,
    steps: int,
    draws: int,
) -> np.ndarray:
    """Return the attributions [B, M, C, H, W] from the baselines OTHERS, in their order."""
    mean = mean_image(training).expand(images.images.shape)
    return np.stack(
        [
            explainer.maps(network, images, steps, blurred(images.images))[0],
            explainer.maps(network, images, steps, mean)[0],
            expected_gradients(network, images, training, explainer, draws),
        ]
    )


def off_ink(maps: np.ndarray, images: np.ndarray) -> float:
    """Return the share of absolute attribution that lies off the ink, mean over images.

    maps and images [M, C, H, W]. From black it is 0 by construction: black pixels are what ink is
    not. NaN if no map has a sum that is finite and above 0.
    """
    absolute = np.abs(by_pixel(maps.astype(np.float64)))
    return mean_share(absolute * ~ink(images), absolute)


def baseline_dependence(
    black: np.ndarray, others: np.ndarray, images: np.ndarray
) -> dict[str, float]:
    """Return off_ink_* of every baseline and correlation_* with the map from black.

    black [M, C, H, W], others [B, M, C, H, W] as `other_maps` gives them, images [M, C, H, W]. The
    correlation is Spearman's on ink, mean over images.
    """
    row = {"off_ink_black": off_ink(black, images)}
    for name, maps in zip(OTHERS, others, strict=True):
        row[f"off_ink_{name}"] = off_ink(maps, images)
        row[f"correlation_{name}"] = ink_correlation(maps, black, images)
    return row


def what_is_said_of(network: nn.Module, image: torch.Tensor) -> tuple[float, float]:
    """Return the class that a network sees in one float image [C, H, W], and its probability.

    Both are NaN from a network that has diverged.
    """
    network.eval()
    with exact_float32(), torch.inference_mode():
        probabilities = network(image[None]).softmax(dim=1)[0]
    probability, label = probabilities.max(dim=0)
    if probability.isnan():
        return np.nan, np.nan
    return int(label), float(probability)
