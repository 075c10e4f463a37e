"""What only a CUDA device can show: `pytest -m gpu tests/unit/training/test_gpu.py`.

Skipped where there is none. It needs torch, torchvision, numpy, pandas, matplotlib, pytest, yaml,
psutil and safetensors; captum for one test.
"""

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from recipes import RECIPES

from blocklab.data.prepared import PreparedData, Split
from blocklab.evaluation.metrics import evaluate_seed
from blocklab.explanation.explanation import explain
from blocklab.jobs.devices import make_deterministic, prepare_cuda
from blocklab.networks.network import exact_float32, initialise, predict, resolve
from blocklab.training.checkpoint import Checkpoints
from blocklab.training.learner import Learner
from blocklab.training.loop import make_learner, train
from blocklab.training.settings import Settings

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]

# torch looks for it once, at the first product of matrices.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

NETWORKS = json.loads(
    (Path(__file__).parents[3] / "benchmarks" / "networks.json").read_text(encoding="utf-8")
)
# 60 images in batches of 16: three are one graph, the last is small and outside of it.
SETTINGS = Settings(
    batch_size=16,
    epochs=2,
    optimizer="adam",
    learning_rate=0.001,
    loss="double_softmax_cross_entropy",
)
every_network = pytest.mark.parametrize("name", NETWORKS)
every_recipe = pytest.mark.parametrize("recipe", RECIPES)


@pytest.fixture(autouse=True)
def as_a_job_computes():
    prepare_cuda(seeds=3, deterministic=False)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture
def deterministic():
    prepare_cuda(seeds=3, deterministic=True)
    make_deterministic(True, "cuda")


def on_gpu(data: PreparedData) -> PreparedData:
    def moved(split: Split) -> Split:
        return Split(split.images.cuda(), split.labels.cuda(), split.indices.cuda())

    return PreparedData(moved(data.training), moved(data.validation), moved(data.test))


def layers_of(name: str, dropout: bool = True) -> list:
    layers = resolve(name, NETWORKS[name]["layers"], (1, 32, 32), 10)
    return [layer for layer in layers if dropout or "dropout" not in layer.block]


def figures(history):
    names = ("acc", "loss", "validation_acc", "validation_loss")
    return [[row[key] for key in names] for row in history]


def losses(history):
    return [row[key] for row in history for key in ("loss", "validation_loss")]


def assert_same(first, second):
    """Both are what `train` returned: networks and history."""
    for a, b in zip(first[0], second[0], strict=True):
        assert all(map(torch.equal, a.state_dict().values(), b.state_dict().values()))
    assert figures(first[1]) == figures(second[1])


@every_network
@every_recipe
def test_steps_are_captured_and_teach_nothing_meanwhile(digits, name, recipe):
    settings = dataclasses.replace(SETTINGS, **RECIPES[recipe], precision="bfloat16")
    layers = layers_of(name)
    learner = make_learner(layers, on_gpu(digits).training, settings, 0)
    assert learner.graph is not None
    assert learner.steps_at_once == 3
    start = initialise(layers, 0).state_dict()
    for key, value in learner.network.state_dict().items():
        assert torch.equal(value.cpu(), start[key]), key


@every_network
def test_a_gpu_gives_what_a_processor_gives(digits, name):
    # The two draw dropout differently, and TF32 would hide a mistake as large as its rounding.
    layers = layers_of(name, dropout=False)
    _, on_processor = train(layers, digits, SETTINGS, [0])
    with exact_float32():
        (network,), history = train(layers, on_gpu(digits), SETTINGS, [0])
    assert losses(history) == pytest.approx(losses(on_processor), abs=2e-3)
    images = digits.test.images
    torch.testing.assert_close(
        predict(network, images.cuda()).cpu(), predict(network.cpu(), images), rtol=1e-3, atol=1e-3
    )


@every_network
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_graph_teaches_what_single_steps_teach(digits, monkeypatch, name, precision):
    data, settings = on_gpu(digits), dataclasses.replace(SETTINGS, precision=precision)
    _, captured = train(layers_of(name), data, settings, [0])

    def fails(learner):
        raise RuntimeError("no graphs today")

    monkeypatch.setattr(Learner, "capture", fails)
    _, eager = train(layers_of(name), data, settings, [0])
    tolerance = 5e-3 if precision == "float32" else 3e-2
    assert losses(captured) == pytest.approx(losses(eager), abs=tolerance)


@every_network
def test_bfloat16_is_near(digits, name):
    data = on_gpu(digits)
    _, full = train(layers_of(name), data, SETTINGS, [0])
    half_settings = dataclasses.replace(SETTINGS, precision="bfloat16")
    _, half = train(layers_of(name), data, half_settings, [0])
    assert losses(full) != losses(half)
    assert losses(half) == pytest.approx(losses(full), abs=5e-2)


@every_network
def test_deterministic_training_repeats_to_the_bit(deterministic, digits, name):
    data = on_gpu(digits)
    settings = dataclasses.replace(SETTINGS, precision="bfloat16")
    first = train(layers_of(name), data, settings, [0])
    assert_same(first, train(layers_of(name), data, settings, [0]))


@every_network
def test_a_training_that_was_cut_short_goes_on_to_the_same_bits(
    deterministic, digits, tmp_path, name
):
    data, longer = on_gpu(digits), dataclasses.replace(SETTINGS, epochs=4)
    expected = train(layers_of(name), data, longer, [0, 1])
    train(layers_of(name), data, SETTINGS, [0, 1], checkpoints=Checkpoints(tmp_path, "x"))
    checkpoints = Checkpoints(tmp_path, "x")
    assert_same(train(layers_of(name), data, longer, [0, 1], checkpoints=checkpoints), expected)
    assert checkpoints.resumed == {0: 2, 1: 2}


@every_recipe
def test_a_captured_learner_becomes_another(deterministic, digits, recipe):
    settings = dataclasses.replace(SETTINGS, **RECIPES[recipe])
    data = on_gpu(digits).training
    first, second = (make_learner(layers_of("vgg"), data, settings, seed) for seed in (0, 1))

    def epoch(learner):
        learner.start_epoch()
        for start in range(0, 60, learner.stride):
            learner.step(start)
        return learner.finish_epoch()

    epoch(first)
    torch.cuda.synchronize()
    second.restore({key: value.cpu().clone() for key, value in first.state().items()})
    assert epoch(second) == epoch(first)
    torch.cuda.synchronize()
    for key, value in first.state().items():
        assert torch.equal(value, second.state()[key]), key


@every_network
def test_a_seed_in_a_pack_is_that_seed_alone(deterministic, digits, name):
    data = on_gpu(digits)
    networks, packed = train(layers_of(name), data, SETTINGS, [5, 1, 3])
    for position, seed in enumerate([5, 1, 3]):
        alone = train(layers_of(name), data, SETTINGS, [seed])
        assert_same(([networks[position]], [row for row in packed if row["seed"] == seed]), alone)


def test_no_step_waits_for_the_gpu(digits):
    learner = make_learner(layers_of("csp"), on_gpu(digits).training, SETTINGS, 0)
    learner.start_epoch()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for start in range(0, 60, learner.stride):
            learner.step(start)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    acc, loss, diverged_at = learner.finish_epoch()
    assert 0 <= acc <= 1
    assert loss > 0
    assert diverged_at is None


@every_network
def test_a_loss_that_is_no_number_is_found_at_its_step(digits, name):
    learner = make_learner(layers_of(name), on_gpu(digits).training, SETTINGS, 0)
    learner.start_epoch()
    with torch.no_grad(), learner.on_stream():
        next(learner.network.parameters()).fill_(torch.nan)
    for start in range(0, 60, learner.stride):
        learner.step(start)
    assert learner.finish_epoch()[2] == 1


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_a_graph_follows_the_learning_rate(digits, optimizer):
    settings = dataclasses.replace(SETTINGS, optimizer=optimizer)
    learner = make_learner(layers_of("exp3"), on_gpu(digits).training, settings, 0)
    before = [value.clone() for value in learner.network.parameters()]
    with learner.on_stream():
        for group in learner.optimizer.param_groups:
            group["lr"].zero_()
    learner.start_epoch()
    learner.step(0)
    torch.cuda.synchronize()
    assert all(map(torch.equal, before, learner.network.parameters()))


@every_network
def test_evaluation_is_what_a_processor_says(digits, name):
    network, test = initialise(layers_of(name), 3), digits.test
    expected = predict(network, test.images)
    logits = predict(network.cuda(), test.images.cuda()).cpu()
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)
    labels = test.labels.numpy()
    splits = {"validation": logits.numpy()[:0], "test": logits.numpy()}
    metrics, _ = evaluate_seed(
        splits, {"validation": labels[:0], "test": labels}, "double_softmax_cross_entropy"
    )
    assert np.isfinite(metrics["test_loss"])


@every_network
def test_explanations_are_what_a_processor_gives(digits, name):
    pytest.importorskip("captum", reason="Integrated Gradients are captum's")
    network, data = initialise(layers_of(name), 3), on_gpu(digits)
    expected = explain(network, digits.test, "logit_minus_mean", 8)
    made = explain(network.cuda(), data.test, "logit_minus_mean", 8)
    # Where values tie in max-pooling, which of their pixels is given the credit may differ.
    both = np.corrcoef(made.attributions.ravel(), expected.attributions.ravel())
    assert both[0, 1] > 0.95
    assert made.delta == pytest.approx(expected.delta, abs=2e-2)
    assert made.predictions.tolist() == expected.predictions.tolist()
