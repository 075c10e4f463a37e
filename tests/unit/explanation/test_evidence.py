"""A run's explanation as a whole: what its files hold, and what hostile networks do to it."""

import numpy as np
import pandas as pd
import pytest
import torch

from blocklab.explanation.evidence import PARTS, explain_run
from blocklab.explanation.explanation import choose_images, explain
from blocklab.jobs.explanation_job import write_explanation
from blocklab.jobs.network_job import NetworkJob
from blocklab.networks.network import initialise, resolve
from blocklab.networks.weights import save_weights
from blocklab.training.loop import train
from blocklab.training.settings import Settings

SETTINGS = {"method": "integrated_gradients", "target": "logit_minus_mean", "steps": 4}
SETTINGS |= {"most_steps": 16, "sample": 2, "seed": 0, "checked": 5, "draws": 3, "batch_size": 20}
RUN = ["network", "seed"]
COLUMNS = [
    *RUN, "images", "checked", "ink", "steps_median", "steps_most", "completeness_median",
    "completeness_p95", "complete", "pixel_error", "share_against", "smoothness", "gain_black",
    "gain_road", "brightness_gain_black", "brightness_gain_road", "randomised_signed",
    "randomised_absolute", "off_ink_black", "off_ink_blurred", "correlation_blurred",
    "off_ink_mean", "correlation_mean", "off_ink_expected", "correlation_expected", "black_class",
    "black_probability", "mean_class", "mean_probability", "tie_effect",
]  # fmt: skip


@pytest.fixture
def explained(small_layers, make_data, tmp_path):
    """Return a function: a network and settings -> its Evidence."""

    def run(network, layers=small_layers, **changes):
        save_weights(tmp_path / "weights.safetensors", network, 4)
        weights = tmp_path / "weights.safetensors"
        return explain_run(weights, layers, 4, make_data(), SETTINGS | changes)

    return run


def test_the_files_of_a_run_are_those_of_the_contract(small_layers, make_data, tmp_path, caplog):
    data = make_data()
    quick = Settings(16, 4, "adam", 0.01, "cross_entropy")
    (network,), _ = train(small_layers, data, quick, [4])
    save_weights(tmp_path / "weights.safetensors", network, 4)
    job = NetworkJob("small", small_layers, (1, 8, 8), {4: tmp_path}, data, "cpu", {})
    with caplog.at_level("INFO"):
        write_explanation(job, 4, {"explanation": SETTINGS}, tmp_path, tmp_path)

    arrays = np.load(tmp_path / "attributions.npz", allow_pickle=False)
    assert (arrays["seed"], arrays["gallery"], arrays["checked"]) == (4, 4, 5)
    positions, _ = choose_images(data.test.labels, 4, 2, 0)
    assert arrays["indices"].tolist() == data.test.indices[positions].tolist()
    assert arrays["baselines"].tolist() == ["blurred", "mean", "expected"]
    assert arrays["attributions"].shape == (6, 1, 8, 8)
    assert arrays["baseline_attributions"].shape == (3, 5, 1, 8, 8)
    assert arrays["randomised"].shape == (5, 1, 8, 8)
    for name in ("labels", "predictions", "probabilities", "margins", "delta", "steps"):
        assert arrays[name].shape == (6,)
    again = explain(network, data.test.at(positions), "logit_minus_mean", 4, most_steps=16)
    np.testing.assert_allclose(arrays["attributions"], again.attributions, atol=1e-5)

    (row,) = pd.read_csv(tmp_path / "explanation.csv").to_dict("records")
    assert sorted(row) == sorted(COLUMNS)
    assert (row["network"], row["seed"], row["images"], row["checked"]) == ("small", 4, 6, 5)
    assert row["off_ink_black"] == 0 < row["off_ink_mean"]
    assert row["tie_effect"] == pytest.approx(0, abs=1e-5)  # no pixels tie but black ones
    assert row["steps_most"] == arrays["steps"].max()
    curves = pd.read_csv(tmp_path / "perturbation.csv")
    columns = [*RUN, "fill", "order", "kind", "share", "probability", "images"]
    assert sorted(curves.columns) == sorted(columns)
    assert (curves["images"] == 5).all()
    depths = pd.read_csv(tmp_path / "randomisation.csv")
    assert depths.columns.tolist() == [*RUN, "depth", "layer", "signed", "absolute"]
    assert depths["layer"].tolist() == ["trained", "05_linear", "01_conv"]
    told = [line.partition(": ")[2] for line in caplog.messages if "explanation" in line]
    assert told == list(PARTS)
    assert f"small seed 4 explanation 1/{len(PARTS)}: attributions" in caplog.messages


def test_a_network_that_says_the_same_of_every_image(explained, small_layers):
    network = initialise(small_layers, 4)
    torch.nn.init.zeros_(network[-1].linear.weight)
    measures = explained(network).measures
    assert measures["completeness_p95"] == 0 and measures["complete"]
    assert measures["gain_black"] == pytest.approx(0, abs=1e-6)
    for name in ("pixel_error", "share_against", "smoothness", "correlation_mean", "tie_effect"):
        assert np.isnan(measures[name])
    assert measures["black_class"] == measures["mean_class"]


def test_a_network_that_has_diverged(explained, small_layers):
    network = initialise(small_layers, 4)
    torch.nn.init.constant_(network[-1].linear.weight, torch.nan)
    found = explained(network)
    assert np.isnan(found.arrays["attributions"]).any()
    assert (found.arrays["steps"] == 4).all()
    assert np.isnan(found.measures["completeness_median"]) and not found.measures["complete"]
    for name in ("gain_road", "black_class", "mean_class", "mean_probability"):
        assert np.isnan(found.measures[name])


def test_one_image_of_each_class_is_enough(explained, small_layers):
    found = explained(initialise(small_layers, 4), sample=0, checked=50)
    assert found.measures["images"] == found.measures["checked"] == 4
    assert found.arrays["baseline_attributions"].shape == (3, 4, 1, 8, 8)


def test_a_network_without_a_max_pool_has_no_ties(explained):
    layers = resolve("flat", ["flatten", {"linear": {"out": "classes"}}], (1, 8, 8), 4)
    measures = explained(initialise(layers, 4), layers).measures
    assert np.isnan(measures["tie_effect"])
    # It is linear: 4 points are as good as 16, and every baseline is summed exactly.
    assert measures["pixel_error"] < 1e-5 and measures["completeness_p95"] < 1e-4
