"""A data set of one's own in colour, with three classes, goes all the way through the library."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from blocklab.evaluation.evaluation import evaluate_run
from blocklab.explanation.evidence import explain_run
from blocklab.networks.network import resolve
from blocklab.networks.weights import save_weights
from blocklab.training.loop import train

LAYERS = {
    "convolutions": [{"conv": {"out": 4, "kernel": 3}}, {"maxpool": 2}, "flatten"],
    # Its shortcuts for equal grey values must stay out of the way of colour.
    "transformer": [{"transformer_block": {"out": 8, "heads": 2}}, {"maxpool": 2}, "flatten"],
}


@pytest.fixture
def colours(save, prepared):
    """Nearly red, green and blue images of 8x8 pixels: only colour tells the classes apart."""
    random = np.random.default_rng(0)
    for label, class_ in enumerate(("red", "green", "blue")):
        for position in range(16):
            pixels = random.integers(0, 40, (8, 8, 3), np.uint8)
            pixels[..., label] += 200
            save(f"{class_}/{position}.png", pixels)
    data, _ = prepared(input_size=8, validation_size=9)
    return data


@pytest.mark.parametrize("kind", LAYERS)
def test_colours_are_learned_evaluated_and_explained(colours, make_settings, tmp_path, kind):
    data = colours
    assert data.training.images.shape == (27, 3, 8, 8)
    assert data.class_names == ("blue", "green", "red")
    layers = resolve("small", [*LAYERS[kind], {"linear": {"out": "classes"}}], (3, 8, 8), 3)
    settings = make_settings(batch_size=9, epochs=12)
    networks, history = train(layers, data, settings, [0], "small")
    metrics, predictions = evaluate_run(networks[0], 0, data, settings.loss, pd.DataFrame(history))
    assert metrics["test_acc"] == 1
    assert {f"recall_{label}" for label in range(3)} < set(metrics)
    assert predictions["test_confusion"].shape == (3, 3)
    weights = Path(tmp_path / "weights.safetensors")
    save_weights(weights, networks[0], 0)
    how = {"method": "integrated_gradients", "target": "logit_minus_mean", "steps": 8}
    how |= {"most_steps": 16, "sample": 2, "seed": 0, "checked": 4, "draws": 2, "batch_size": 50}
    found = explain_run(weights, layers, 0, data, how)
    arrays = found.arrays
    assert arrays["attributions"].shape == (5, 3, 8, 8)
    assert arrays["images"].shape == (5, 3, 8, 8)
    assert arrays["randomised"].shape == (4, 3, 8, 8)
    assert arrays["baseline_attributions"].shape == (3, 4, 3, 8, 8)
    assert found.measures["ink"] == 1 and found.measures["off_ink_expected"] == 0
    # In these images, bright in one channel, that channel speaks for the class.
    channels = arrays["attributions"].sum(axis=(2, 3))
    assert (channels.argmax(axis=1) == 2 - arrays["labels"]).all()
