"""Training on made-up images, and against plain torch."""

import dataclasses
import logging
import math
import weakref

import pytest
import torch
from recipes import DISTORTED, RECIPES
from torch import nn
from torch.nn import functional as F

from blocklab.errors import UserError
from blocklab.evaluation.metrics import evaluate_seed
from blocklab.losses import LOSSES
from blocklab.networks.network import build, initialise, predict, resolve
from blocklab.training.learner import Learner, most_at_once
from blocklab.training.loop import run_epoch
from blocklab.training.loop import train as train_pack
from blocklab.training.settings import Settings

SETTINGS = Settings(
    batch_size=16,
    epochs=2,
    optimizer="adam",
    learning_rate=0.01,
    loss="double_softmax_cross_entropy",
)


def train(layers, data, changes, seed, name="network"):
    """Train a pack of one seed."""
    (network,), history = train_pack(layers, data, changes, [seed], name)
    return network, history


def settings(**changes) -> Settings:
    return dataclasses.replace(SETTINGS, **changes)


def layers_of(*layers, classes=4):
    return resolve("net", list(layers), (1, 8, 8), classes)


def equal_weights(a: nn.Module, b: nn.Module) -> bool:
    first, second = a.state_dict(), b.state_dict()
    return first.keys() == second.keys() and all(map(torch.equal, first.values(), second.values()))


def without_seconds(history: list[dict]) -> list[dict]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


def plain_training(network, split, changes: Settings, seed: int) -> list[tuple[float, float]]:
    """The loop that anyone would write, in float32 and plain layout: accuracy and loss by epoch."""
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    optimizer = kind[changes.optimizer](network.parameters(), lr=changes.learning_rate)
    order = torch.Generator().manual_seed(seed)
    rows = []
    for _ in range(changes.epochs):
        network.train()
        correct, total = 0, 0.0
        permutation = torch.randperm(len(split.labels), generator=order)
        for start in range(0, len(permutation), changes.batch_size):
            chosen = permutation[start : start + changes.batch_size]
            logits = network(split.images[chosen].float() / 255)
            given = torch.softmax(logits, 1) if "double" in changes.loss else logits
            loss = nn.CrossEntropyLoss()(given, split.labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            correct += (logits.argmax(1) == split.labels[chosen]).sum().item()
            total += loss.item() * len(chosen)
        rows.append((correct / len(split.labels), total / len(split.labels)))
    return rows


def test_the_same_seed_gives_the_same_bits_and_another_does_not(small_layers, make_data):
    data = make_data()
    first, first_history = train(small_layers, data, SETTINGS, 3)
    second, second_history = train(small_layers, data, SETTINGS, 3)
    other, _ = train(small_layers, data, SETTINGS, 4)
    assert equal_weights(first, second)
    assert without_seconds(first_history) == without_seconds(second_history)
    assert not equal_weights(first, other)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_a_seed_in_a_pack_is_that_seed_alone(small_layers, make_data, at_once, recipe):
    data, chosen = make_data(), settings(**RECIPES[recipe])
    networks, history = train_pack(small_layers, data, chosen, [5, 1, 3], "net", at_once)
    assert [(row["seed"], row["epoch"]) for row in history] == [
        (seed, epoch) for seed in (5, 1, 3) for epoch in (1, 2)
    ]
    for seed, packed in zip((5, 1, 3), networks, strict=True):
        alone, alone_history = train(small_layers, data, chosen, seed)
        assert equal_weights(alone, packed)
        rows = [row for row in history if row["seed"] == seed]
        assert without_seconds(rows) == without_seconds(alone_history)


@pytest.mark.parametrize("recipe", RECIPES)
def test_warming_up_teaches_nothing(small_layers, make_data, recipe):
    data, plain = make_data(), settings(compile=False, **RECIPES[recipe])
    learner = Learner(small_layers, data.training, plain, 4)
    learner.warm_up()
    assert equal_weights(learner.network, initialise(small_layers, 4))
    for _ in range(SETTINGS.epochs):
        learner.start_epoch()
        for start in range(0, len(data.training.labels), SETTINGS.batch_size):
            learner.step(start)
    # Of the average's epochs, which `finish_epoch` counts, this knows nothing.
    last = dataclasses.replace(plain, average="none")
    cold, history = train(small_layers, data, last, 4)
    assert equal_weights(learner.network, cold)
    assert learner.finish_epoch() == (history[-1]["acc"], history[-1]["loss"], None)


class ReplayedSteps:
    """What a CUDA graph does: always the same, so the batch's number must be where it looks."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner

    def replay(self) -> None:
        for _ in range(self.learner.steps_at_once):
            self.learner._learn_next()


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("images", [60, 64, 10])
def test_steps_that_know_nothing_but_their_number_are_those_of_the_loop(
    small_layers, make_data, images, recipe
):
    data, plain = make_data(training=images), settings(compile=False, **RECIPES[recipe])
    learner = Learner(small_layers, data.training, plain, 4)
    learner.graph = ReplayedSteps(learner)
    learner.steps_at_once = most_at_once(len(learner.batches))
    learner.stride = learner.steps_at_once * learner.batch_size
    for epoch in range(1, SETTINGS.epochs + 1):
        run_epoch([learner], data, epoch, "network")
    expected, history = train(small_layers, data, plain, 4)
    assert equal_weights(learner.result(), expected)
    assert without_seconds(learner.history) == without_seconds(history)


def test_graphs_divide_an_epoch_without_a_rest():
    assert [most_at_once(batches) for batches in (1, 3, 7, 275, 600, 1100)] == [1, 3, 1, 5, 5, 5]


def test_initialise_is_the_network_that_training_starts_from(small_layers, make_data):
    still, _ = train(small_layers, make_data(), settings(learning_rate=1e-30), 5)
    start = dict(initialise(small_layers, 5).named_parameters())
    torch.testing.assert_close(dict(still.named_parameters()), start, atol=1e-20, rtol=0)


def test_history_has_a_row_per_epoch(small_layers, make_data):
    data = make_data()
    network, history = train(small_layers, data, settings(epochs=3), 7)
    assert [list(row) for row in history] == [
        ["seed", "epoch", "acc", "loss", "validation_acc", "validation_loss", "seconds"]
    ] * 3
    assert [(row["seed"], row["epoch"]) for row in history] == [(7, 1), (7, 2), (7, 3)]
    assert all(row["seconds"] > 0 for row in history)
    logits = predict(network, data.validation.images)
    labels = data.validation.labels
    last = history[-1]
    assert last["validation_acc"] == (logits.argmax(1) == labels).float().mean().item()
    expected = F.cross_entropy(logits.softmax(1), labels).item()
    assert last["validation_loss"] == pytest.approx(expected, abs=1e-6)


def test_without_a_validation_split_its_columns_are_nan(small_layers, make_data):
    _, history = train(small_layers, make_data(validation=0), SETTINGS, 0)
    assert all(math.isnan(row[key]) for row in history for key in row if "validation" in key)
    assert not any(math.isnan(row[key]) for row in history for key in ("acc", "loss"))


@pytest.mark.parametrize("compile", [True, False])
@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
@pytest.mark.parametrize("loss", LOSSES)
def test_training_is_the_plain_loop(make_data, optimizer, loss, compile):
    # 50 images in batches of 16: the last batch of an epoch is small. Validation between epochs
    # must not leave batch normalisation in evaluation mode.
    data = make_data(training=50)
    changes = settings(epochs=3, optimizer=optimizer, loss=loss, compile=compile)
    layers = layers_of(
        {"conv": {"out": 4, "kernel": 3}}, {"maxpool": 2}, "flatten", {"linear": "classes"}
    )
    _, history = train(layers, data, changes, 11)
    torch.manual_seed(11)
    expected = plain_training(build(layers), data.training, changes, 11)
    assert [row["acc"] for row in history] == [acc for acc, _ in expected]
    assert [row["loss"] for row in history] == pytest.approx([x for _, x in expected], abs=1e-5)


def test_the_last_partial_batch_counts_by_its_size(make_data):
    data = make_data(training=10)
    layers = layers_of("flatten", {"linear": "classes"})
    still = settings(batch_size=4, epochs=1, learning_rate=1e-30, loss="cross_entropy")
    network, (row,) = train(layers, data, still, 0)
    logits = network(data.training.images / 255)
    assert row["loss"] == pytest.approx(F.cross_entropy(logits, data.training.labels).item())
    correct = (logits.argmax(1) == data.training.labels).sum().item()
    assert row["acc"] == correct / 10


@pytest.mark.parametrize("loss", LOSSES)
def test_learns_what_is_easy(small_layers, make_data, loss):
    data = make_data(training=120, validation=0)
    network, history = train(small_layers, data, settings(epochs=12, loss=loss), 0)
    accuracy = (predict(network, data.test.images).argmax(1) == data.test.labels).float().mean()
    assert accuracy > 0.9
    assert history[-1]["loss"] < history[0]["loss"]


def test_dropout_is_on_in_every_epoch_of_training(make_data):
    # All inputs dropped: nothing but the bias can be learned, and validation shows the weights.
    data = make_data(training=40)
    layers = layers_of("flatten", {"dropout": 1.0}, {"linear": "classes"})
    network, _ = train(layers, data, settings(epochs=3), 2)
    start = initialise(layers, 2)
    assert torch.equal(network[2].linear.weight, start[2].linear.weight)
    assert not torch.equal(network[2].linear.bias, start[2].linear.bias)


def test_a_loss_that_is_no_number_is_the_users_mistake(small_layers, make_data):
    with pytest.raises(UserError) as error:
        train(small_layers, make_data(), settings(learning_rate=1e38), 3, "csp")
    assert str(error.value) == (
        "csp, seed 3, epoch 1, step 2: loss or weights are no finite numbers; "
        "lower its learning rate (now 1e+38)"
    )


@pytest.mark.parametrize("rate", [1e38, 1e30])
@pytest.mark.parametrize("validation", [0, 20])
def test_a_last_step_that_leaves_no_numbers_is_noticed_too(
    small_layers, make_data, validation, rate
):
    """Its loss was finite, that of the next step would not be."""
    one_step = settings(learning_rate=rate, epochs=1, batch_size=60)
    data = make_data(validation=validation)
    try:
        network, _ = train(small_layers, data, one_step, 3)
    except UserError as error:
        assert "epoch 1, step 1: loss or weights are no finite numbers" in str(error)
    else:
        # Finite weights may compute what is not; without validation images evaluation finds out.
        assert not validation
        logits = {"test": predict(network, data.test.images).numpy()}
        with pytest.raises(UserError, match="no finite numbers"):
            evaluate_seed(logits, {"test": data.test.labels.numpy()}, "cross_entropy")


@pytest.mark.parametrize(
    ("seeds", "advice"),
    [
        ([3], "16 and 1 seeds at once; try networks.csp.batch_size: 8"),
        (
            [3, 4, 5, 6],
            "16 and 4 seeds at once; try networks.csp.batch_size: 8 or seeds.per_job: 2",
        ),
    ],
)
def test_too_little_memory_on_a_gpu_is_one_line(
    small_layers, make_data, monkeypatch, seeds, advice
):
    def fails(learner, start):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate\n2 GiB")

    monkeypatch.setattr(Learner, "step", fails)
    with pytest.raises(UserError) as error:
        train_pack(small_layers, make_data(), SETTINGS, seeds, "csp", at_once=len(seeds))
    assert str(error.value) == (f"csp: the GPU's memory does not suffice for batches of {advice}")


def test_each_epoch_is_a_line_in_the_log(small_layers, make_data, caplog):
    with caplog.at_level(logging.INFO):
        _, history = train(small_layers, make_data(), SETTINGS, 3, "vgg")
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert lines[1].startswith(f"vgg seed 3 epoch 2/2: acc {history[1]['acc']:.5f}, loss ")


def test_bfloat16_is_used_where_it_is_asked_for(small_layers, make_data):
    data = make_data()
    network, history = train(small_layers, data, settings(precision="bfloat16", epochs=1), 0)
    _, full = train(small_layers, data, settings(epochs=1), 0)
    assert history[0]["loss"] != full[0]["loss"]
    assert history[0]["loss"] == pytest.approx(full[0]["loss"], abs=0.05)
    assert all(value.dtype != torch.bfloat16 for value in network.state_dict().values())


def test_settings_of_a_job_are_the_training_section_its_batch_and_its_precision(config):
    made = Settings.from_config(config["training"], batch_size=7, precision="bfloat16")
    assert made == Settings(
        batch_size=7,
        epochs=10,
        optimizer="adam",
        learning_rate=0.001,
        loss="double_softmax_cross_entropy",
        precision="bfloat16",
        compile=True,
        augmentation=dict.fromkeys(DISTORTED, 0),
    )


def test_of_a_finished_seed_only_its_network_stays(small_layers, make_data, monkeypatch):
    made, alive = [], []

    def make(*arguments):
        alive.append(sum(learner() is not None for learner in made))
        learner = Learner(*arguments)
        made.append(weakref.ref(learner))
        return learner

    monkeypatch.setattr("blocklab.training.loop.make_learner", make)
    networks, _ = train_pack(small_layers, make_data(), SETTINGS, [0, 1, 2], at_once=1)
    assert alive == [0, 0, 0]
    assert all(weight.grad is None for network in networks for weight in network.parameters())
