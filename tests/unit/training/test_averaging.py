"""Averages of weights, against torch's own."""

import copy

import torch
from recipes import plain_settings as settings
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

from blocklab.networks.images import as_input
from blocklab.training.learner import Learner
from blocklab.training.loop import train


def train_by_hand(learner, split, after_step, after_epoch):
    for _ in range(learner.settings.epochs):
        learner.start_epoch()
        for start in range(0, len(split.labels), learner.stride):
            learner.step(start)
            after_step(learner.network)
        learner.finish_epoch()
        learner.history.append({})
        after_epoch(learner.network, len(learner.history))


def test_the_moving_average_is_torchs_corrected_for_its_start(small_layers, make_data):
    split, decay = make_data().training, 0.7
    learner = Learner(small_layers, split, settings(average="ema", average_decay=decay), 0)
    zeros = copy.deepcopy(learner.network)
    for value in zeros.state_dict().values():
        value.zero_()
    theirs = AveragedModel(zeros, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
    theirs.n_averaged += 1
    steps = 3 * 4
    train_by_hand(learner, split, theirs.update_parameters, lambda *_: None)
    averaged = learner.result().state_dict()
    for name, value in theirs.module.state_dict().items():
        if value.is_floating_point():
            assert torch.allclose(averaged[name], value / (1 - decay**steps), atol=1e-6)
    last = learner.network.state_dict()
    assert not all(torch.equal(averaged[name], last[name]) for name in last)


def test_the_mean_of_the_last_epochs_has_batch_statistics_of_its_own(small_layers, make_data):
    split = make_data().training
    learner = Learner(small_layers, split, settings(average="last_epochs", average_epochs=2), 0)
    theirs = AveragedModel(copy.deepcopy(learner.network))

    def after_epoch(network, epoch):
        if epoch > 1:
            theirs.update_parameters(network)

    train_by_hand(learner, split, lambda _: None, after_epoch)
    update_bn((as_input(split.images) for _ in range(1)), theirs)
    for (name, ours), expected in zip(
        learner.result().state_dict().items(), theirs.module.state_dict().values(), strict=True
    ):
        assert torch.allclose(ours.float(), expected.float(), atol=1e-6), name


def test_batch_statistics_are_of_batches_as_large_as_one_another(
    small_layers, make_data, monkeypatch
):
    split = make_data().training
    monkeypatch.setattr("blocklab.training.learner.INFERENCE_BATCH", len(split.labels) - 1)
    learner = Learner(small_layers, split, settings(average="last_epochs"), 0)
    seen = []
    monkeypatch.setattr(
        "blocklab.training.averaging.update_bn",
        lambda batches, network: seen.extend(len(batch) for batch in batches),
    )
    train_by_hand(learner, split, lambda _: None, lambda *_: None)
    learner.result()
    assert sum(seen) == len(split.labels) and len(seen) == 2 and max(seen) - min(seen) <= 1


def test_what_is_trained_and_judged_is_the_average(small_layers, make_data):
    data = make_data()
    (network,), history = train(small_layers, data, settings(average="ema"), [0])
    (last,), other = train(small_layers, data, settings(), [0])
    assert [row["loss"] for row in history] == [row["loss"] for row in other]
    assert [row["validation_loss"] for row in history] != [row["validation_loss"] for row in other]
    assert not torch.equal(*(next(iter(x.parameters())) for x in (network, last)))
