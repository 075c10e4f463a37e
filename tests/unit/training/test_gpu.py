"""What only a CUDA device can show: `pytest -m gpu`. Skipped where there is none."""

import dataclasses

import pytest
import torch

from blocklab.data.prepared import PreparedData, Split
from blocklab.jobs.devices import make_deterministic
from blocklab.networks.network import initialise, resolve
from blocklab.training.learner import Learner
from blocklab.training.loop import make_learner, train
from blocklab.training.settings import Settings

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]

# 60 images in batches of 16: the last batch of an epoch is small and outside the graph.
SETTINGS = Settings(
    batch_size=16,
    epochs=2,
    optimizer="adam",
    learning_rate=0.01,
    loss="double_softmax_cross_entropy",
)


def on_gpu(data: PreparedData) -> PreparedData:
    def moved(split: Split) -> Split:
        return Split(split.images.cuda(), split.labels.cuda(), split.indices.cuda())

    return PreparedData(moved(data.training), moved(data.validation), moved(data.test))


def plain_layers():
    layers = [{"conv": {"out": 4, "kernel": 3}}, {"maxpool": 2}, "flatten", {"linear": "classes"}]
    return resolve("net", layers, (1, 8, 8), 4)


def figures(history):
    return [
        [row[key] for key in ("acc", "loss", "validation_acc", "validation_loss")]
        for row in history
    ]


def assert_near(first, second, tolerance=1e-3):
    for a, b in zip(figures(first), figures(second), strict=True):
        assert a == pytest.approx(b, abs=tolerance)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_a_step_is_captured(small_layers, make_data, optimizer):
    settings = dataclasses.replace(SETTINGS, optimizer=optimizer)
    learner = make_learner(small_layers, on_gpu(make_data()).training, settings, 0)
    assert learner.graph is not None
    assert all(
        torch.equal(ours.cpu(), start)
        for ours, start in zip(
            learner.network.state_dict().values(),
            initialise(small_layers, 0).state_dict().values(),
            strict=True,
        )
    )


def test_a_gpu_gives_what_a_processor_gives(make_data):
    data = make_data()
    _, on_processor = train(plain_layers(), data, SETTINGS, [0])
    _, history = train(plain_layers(), on_gpu(data), SETTINGS, [0])
    assert_near(history, on_processor)


def test_a_captured_step_gives_what_an_eager_one_gives(small_layers, make_data, monkeypatch):
    data = on_gpu(make_data())
    _, captured = train(small_layers, data, SETTINGS, [0])

    def fails(learner):
        raise RuntimeError("no graphs today")

    monkeypatch.setattr(Learner, "capture", fails)
    _, eager = train(small_layers, data, SETTINGS, [0])
    assert_near(captured, eager)


def test_a_seed_in_a_pack_is_that_seed_alone(small_layers, make_data):
    data = on_gpu(make_data())
    _, packed = train(small_layers, data, SETTINGS, [5, 1, 3])
    for seed in (5, 1, 3):
        _, alone = train(small_layers, data, SETTINGS, [seed])
        assert_near([row for row in packed if row["seed"] == seed], alone)


def test_no_step_waits_for_the_gpu(small_layers, make_data):
    learner = make_learner(small_layers, on_gpu(make_data()).training, SETTINGS, 0)
    learner.start_epoch()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for start in range(0, 60, SETTINGS.batch_size):
            learner.step(start)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    acc, loss = learner.running()
    assert 0 <= acc <= 1
    assert loss > 0


def test_deterministic_training_repeats_to_the_bit(small_layers, make_data):
    data = on_gpu(make_data())
    make_deterministic(True, "cuda")
    try:
        (first,), history = train(small_layers, data, SETTINGS, [0])
        (second,), again = train(small_layers, data, SETTINGS, [0])
    finally:
        torch.use_deterministic_algorithms(False)
    assert all(map(torch.equal, first.state_dict().values(), second.state_dict().values()))
    assert figures(history) == figures(again)


def test_bfloat16_is_near(small_layers, make_data):
    data = on_gpu(make_data())
    _, full = train(small_layers, data, SETTINGS, [0])
    _, half = train(small_layers, data, dataclasses.replace(SETTINGS, precision="bfloat16"), [0])
    assert figures(full) != figures(half)
    assert half[0]["loss"] == pytest.approx(full[0]["loss"], abs=0.05)
