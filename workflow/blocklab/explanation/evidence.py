"""One run's explanations, and all that is measured of how far they can be believed."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from blocklab.data.prepared import PreparedData, Split
from blocklab.explanation.explanation import Explainer, choose_images, explain
from blocklab.explanation.ink import ink
from blocklab.explanation.measures.baselines import (
    OTHERS,
    baseline_dependence,
    mean_image,
    other_maps,
    what_is_said_of,
)
from blocklab.explanation.measures.completeness import completeness
from blocklab.explanation.measures.pixel_error import FINER, median_l1
from blocklab.explanation.measures.randomisation import correlations, randomisation_rows
from blocklab.explanation.measures.relevance_gain import relevance_gain, symmetric_gain
from blocklab.explanation.measures.signs import share_against
from blocklab.explanation.measures.smoothness import smoothness
from blocklab.explanation.measures.ties import tie_effect
from blocklab.networks.network import Layer, exact_float32
from blocklab.networks.weights import load_weights

log = logging.getLogger(__name__)

PARTS = ("attributions", "finer steps", "randomisation", "baselines", "relevance gain", "ties")


@dataclass(frozen=True)
class Evidence:
    """What the files of an explained run hold.

    arrays: of attributions.npz. measures: the row of explanation.csv. perturbation and
    randomisation: the rows of their files. All but network and seed.
    """

    arrays: dict[str, np.ndarray]
    measures: dict[str, float | int | bool]
    perturbation: pd.DataFrame
    randomisation: pd.DataFrame


def explain_run(
    weights: Path,
    layers: list[Layer],
    seed: int,
    data: PreparedData,
    settings: Mapping,
    name: str = "network",
) -> Evidence:
    """Explain some test images by the weights of one seed, and measure what that is worth.

    settings: the config's `explanation` section. `data` lies on the device to compute on. name:
    the network's, in the log, which tells when each of PARTS begins.

    Arrays: those of Explanation; `images` uint8 [M, C, H, W], `labels` [M], `indices` [M]; `seed`;
    `gallery`: how many of them, one per class, come first; `checked`: how many of the first have
    the expensive checks; `baselines` [B], names of the other baseline images, and
    `baseline_attributions` [B, checked, C, H, W]; `randomised` [checked, C, H, W], the map of the
    network with all its weights drawn anew.
    """
    network = load_weights(weights, layers, seed).to(data.test.images.device)
    positions, gallery = choose_images(
        data.test.labels, layers[-1].output_shape[0], settings["sample"], settings["seed"]
    )
    images, shown = data.test.at(positions), data.test.at(positions[:gallery])
    checked = data.test.at(positions[: settings["checked"]])
    steps, count = settings["steps"], len(checked.labels)
    explainer = Explainer(settings["target"], settings["method"], settings["batch_size"])
    begin = _teller(name, seed)

    begin("attributions")
    how = {key: settings[key] for key in ("target", "method", "batch_size", "most_steps")}
    explanation = explain(network, images, steps=steps, **how)
    maps, pictures = explanation.attributions, images.images.cpu().numpy()

    begin("finer steps")
    finer = _finer_maps(explainer, network, shown, explanation.steps[:gallery])

    begin("randomisation")
    randomisation, blank = randomisation_rows(
        network, layers, seed, maps[:gallery], pictures[:gallery],
        lambda changed: explainer.maps(changed, shown, steps)[0],
    )  # fmt: skip
    randomised = explainer.maps(blank, checked, steps)[0]

    begin("baselines")
    training = data.training.images
    others = other_maps(network, checked, training, explainer, steps, settings["draws"])

    begin("relevance gain")
    predicted = _predictor(network, checked.images.device, settings["batch_size"])
    labels = checked.labels.cpu().numpy()
    curves = relevance_gain(predicted, pictures[:count], labels, maps[:count])

    begin("ties")
    ties = tie_effect(network, checked, explainer, steps)

    measures = {
        "images": len(maps),
        "checked": count,
        "ink": ink(pictures).mean(),
        "steps_median": np.median(explanation.steps),
        "steps_most": explanation.steps.max(),
        **completeness(maps, explanation.delta),
        "pixel_error": median_l1(maps[:gallery], finer),
        "share_against": share_against(maps),
        "smoothness": smoothness(maps, pictures),
        **symmetric_gain(curves),
        **_randomised(maps[:count], randomised, pictures[:count]),
        **baseline_dependence(maps[:count], others, pictures[:count]),
        **_said_of_baselines(network, training),
        "tie_effect": ties,
    }
    arrays = {
        "seed": np.array(seed),
        "indices": images.indices.cpu().numpy(),
        "gallery": np.array(gallery),
        "checked": np.array(count),
        "images": pictures,
        "labels": images.labels.cpu().numpy(),
        "baselines": np.array(OTHERS),
        "baseline_attributions": others,
        "randomised": randomised,
        **vars(explanation),
    }
    return Evidence(arrays, measures, curves.assign(images=count), randomisation)


def _teller(name: str, seed: int) -> Callable[[str], None]:
    """Return what logs that a part of PARTS begins; `terminal/progress.py` reads that."""

    def begin(part: str) -> None:
        at = PARTS.index(part) + 1
        log.info("%s seed %d explanation %d/%d: %s", name, seed, at, len(PARTS), part)

    return begin


def _finer_maps(
    explainer: Explainer, network: nn.Module, images: Split, steps: np.ndarray
) -> np.ndarray:
    """Return attributions of FINER times the steps that each image had."""
    maps = np.empty(tuple(images.images.shape), np.float32)
    for used in np.unique(steps):
        alike = np.flatnonzero(steps == used)
        maps[alike] = explainer.maps(network, images.at(alike), FINER * int(used))[0]
    return maps


def _predictor(
    network: nn.Module, device: torch.device, batch_size: int
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what takes float images [N, C, H, W] from 0 to 1 to softmax probabilities [N, K]."""

    def probabilities(pictures: np.ndarray) -> np.ndarray:
        inputs = torch.from_numpy(pictures).to(device, memory_format=torch.channels_last)
        network.eval()
        with exact_float32(), torch.inference_mode():
            logits = torch.cat([network(batch) for batch in inputs.split(batch_size)])
        return logits.softmax(dim=1).cpu().numpy()

    return probabilities


def _randomised(maps: np.ndarray, others: np.ndarray, images: np.ndarray) -> dict[str, float]:
    return {
        f"randomised_{kind}": value for kind, value in correlations(maps, others, images).items()
    }


def _said_of_baselines(network: nn.Module, training: torch.Tensor) -> dict[str, float | int]:
    mean = mean_image(training)
    row = {}
    for name, image in (("black", torch.zeros_like(mean)), ("mean", mean)):
        row[f"{name}_class"], row[f"{name}_probability"] = what_is_said_of(network, image)
    return row
