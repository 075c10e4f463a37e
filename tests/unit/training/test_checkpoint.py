"""A training run that was cut short goes on to the same bits."""

import contextlib
import logging
import math
import shutil

import pytest
import torch
from recipes import RECIPES

from blocklab.errors import UserError
from blocklab.training.checkpoint import Checkpoints
from blocklab.training.learner import Learner
from blocklab.training.loop import train
from blocklab.training.settings import Settings

SETTINGS = Settings(
    batch_size=16,
    epochs=4,
    optimizer="adam",
    learning_rate=0.01,
    loss="double_softmax_cross_entropy",
)
STEPS = 4  # batches in an epoch of 60 images


class Killed(BaseException):
    """What no code under test catches."""


@pytest.fixture
def kill_at(monkeypatch):
    """Return a function that makes the n-th step from now the last."""
    step = Learner.step

    def kill(count: float) -> None:
        left = [count]

        def counted(self, start):
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            step(self, start)

        monkeypatch.setattr(Learner, "step", counted)

    return kill


def result(networks, history):
    weights = [value for network in networks for value in network.state_dict().values()]
    rows = [{key: row[key] for key in row if key != "seconds"} for row in history]
    return weights, rows


def assert_same(first, second):
    assert all(map(torch.equal, first[0], second[0]))
    assert first[1] == second[1]


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("killed_after", [0, 3, 4, 9, 15])
def test_it_goes_on_to_the_same_bits(
    small_layers, make_data, tmp_path, kill_at, killed_after, recipe
):
    data = make_data()
    settings = Settings(**vars(SETTINGS) | RECIPES[recipe])
    expected = result(*train(small_layers, data, settings, [3]))
    kill_at(killed_after)
    with pytest.raises(Killed):
        train(small_layers, data, settings, [3], checkpoints=Checkpoints(tmp_path, "x"))
    kill_at(math.inf)
    again = train(small_layers, data, settings, [3], checkpoints=Checkpoints(tmp_path, "x"))
    assert_same(result(*again), expected)


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_pack_killed_again_and_again(small_layers, make_data, tmp_path, kill_at, at_once):
    data, seeds = make_data(), [5, 1, 3]
    expected = result(*train(small_layers, data, SETTINGS, seeds, at_once=at_once))
    kills = 0
    while True:
        kill_at(11 if at_once == 1 else 3 * STEPS + 2)
        try:
            done = train(
                small_layers, data, SETTINGS, seeds, at_once=at_once,
                checkpoints=Checkpoints(tmp_path, "x"),
            )  # fmt: skip
            break
        except Killed:
            kills += 1
    assert kills >= 3
    assert_same(result(*done), expected)


def test_learners_that_were_killed_between_two_saves_meet_again(small_layers, make_data, tmp_path):
    data, seeds = make_data(), [5, 1]
    expected = result(*train(small_layers, data, SETTINGS, seeds, at_once=2))
    saved = []

    class KilledBetween(Checkpoints):
        def save(self, learner):
            if len(saved) == 3:  # both after epoch 1, the first alone after epoch 2
                raise Killed
            super().save(learner)
            saved.append(learner)

    with pytest.raises(Killed):
        train(
            small_layers, data, SETTINGS, seeds, at_once=2, checkpoints=KilledBetween(tmp_path, "x")
        )
    again = train(
        small_layers, data, SETTINGS, seeds, at_once=2, checkpoints=Checkpoints(tmp_path, "x")
    )
    assert_same(result(*again), expected)


def killed_once(layers, data, folder, kill_at, depends_on="x"):
    kill_at(2 * STEPS + 1)
    with pytest.raises(Killed):
        train(layers, data, SETTINGS, [3], checkpoints=Checkpoints(folder, depends_on))
    kill_at(math.inf)
    return folder / "seed3" / "checkpoint.safetensors"


def test_one_of_another_run_is_not_used(small_layers, make_data, tmp_path, kill_at, caplog):
    data = make_data()
    killed_once(small_layers, data, tmp_path, kill_at, depends_on="another")
    _, history = train(small_layers, data, SETTINGS, [3], checkpoints=Checkpoints(tmp_path, "x"))
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    message = record.getMessage()
    assert message.endswith(
        "checkpoint.safetensors is of another config, data or code: starting anew"
    )
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]


@pytest.mark.parametrize("damage", ["flipped", "truncated", "empty", "text", "retyped"])
def test_a_damaged_one_is_not_used(
    small_layers, make_data, flip, tmp_path, kill_at, caplog, damage
):
    data = make_data()
    path = killed_once(small_layers, data, tmp_path, kill_at)
    content = path.read_bytes()
    path.write_bytes(
        {
            "flipped": flip(content, len(content) - 100),
            "truncated": content[: len(content) // 2],
            "empty": b"",
            "text": b"not a checkpoint",
            "retyped": content.replace(b'"F32"', b'"I32"', 1),
        }[damage]
    )
    done = train(small_layers, data, SETTINGS, [3], checkpoints=Checkpoints(tmp_path, "x"))
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "cannot be used" in record.getMessage()
    assert "\n" not in record.getMessage()
    assert_same(result(*done), result(*train(small_layers, data, SETTINGS, [3])))


def test_every_flipped_byte_is_noticed_or_harmless(
    small_layers, make_data, flip, tmp_path, kill_at
):
    data = make_data()
    path = killed_once(small_layers, data, tmp_path, kill_at)
    content = path.read_bytes()
    whole = Learner(small_layers, data.training, SETTINGS, 3)
    Checkpoints(tmp_path, "x").resume(whole)
    assert len(whole.history) == 2
    for position in range(0, len(content), 997):
        path.write_bytes(flip(content, position, 2))
        learner = Learner(small_layers, data.training, SETTINGS, 3)
        Checkpoints(tmp_path, "x").resume(learner)
        if learner.history:
            assert learner.history == whole.history
            state = learner.state()
            assert all(torch.equal(value, state[name]) for name, value in whole.state().items())


def test_one_that_cannot_be_written_is_one_warning(small_layers, make_data, tmp_path, caplog):
    data = make_data()
    (tmp_path / "file").write_text("in the way")
    checkpoints = Checkpoints(tmp_path / "file" / "checkpoint", "x")
    done = train(small_layers, data, SETTINGS, [3, 4], checkpoints=checkpoints)
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert record.getMessage().startswith("no more checkpoints, a killed run would start anew: ")
    assert_same(result(*done), result(*train(small_layers, data, SETTINGS, [3, 4])))


def test_what_processes_before_had_done_is_known(small_layers, make_data, tmp_path, kill_at):
    data, resumed = make_data(), []
    for steps in (STEPS + 1, STEPS + 1, math.inf):
        kill_at(steps)
        checkpoints = Checkpoints(tmp_path, "x")
        with contextlib.suppress(Killed):
            train(small_layers, data, SETTINGS, [3], checkpoints=checkpoints)
        resumed.append(checkpoints.resumed)
    assert resumed == [{}, {3: 1}, {3: 2}]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_learner_is_restored_in_place_where_a_graph_looks_for_it(
    small_layers, make_data, make_settings, recipe
):
    def learner(seed):
        settings = make_settings(**RECIPES[recipe])
        made = Learner(small_layers, make_data().training, settings, seed)
        made.warm_up()
        return made

    restored, other = learner(3), learner(4)
    other.start_epoch()
    other.step(0)
    addresses = {name: value.data_ptr() for name, value in tensors_of(restored).items()}
    restored.restore(other.state())
    assert {name: value.data_ptr() for name, value in tensors_of(restored).items()} == addresses
    expected = tensors_of(other)
    assert all(torch.equal(value, expected[name]) for name, value in tensors_of(restored).items())


def tensors_of(learner):
    """Return a learner's state without that of its generators, which is copied whenever asked."""
    state = learner.state()
    return {name: state[name] for name in state if name not in ("order", "dropout", "augmentation")}


def test_clearing_leaves_nothing(small_layers, make_data, tmp_path):
    folder = tmp_path / "checkpoints"
    checkpoints = Checkpoints(folder, "x")
    train(small_layers, make_data(), SETTINGS, [3, 4], checkpoints=checkpoints)
    written = [folder / seed / "checkpoint.safetensors" for seed in ("seed3", "seed4")]
    assert sorted(folder.rglob("*.safetensors")) == written
    another = folder / "seed5" / "checkpoint.safetensors"  # a job beside this one is at work
    shutil.copytree(written[0].parent, another.parent)
    checkpoints.clear()
    assert list(folder.rglob("*.safetensors")) == [another]


def test_a_job_goes_on_with_a_seed_that_another_pack_began(
    small_layers, make_data, tmp_path, kill_at
):
    data = make_data()
    expected = result(*train(small_layers, data, SETTINGS, [3]))
    kill_at(6 * STEPS + 1)  # seed 2 is done, seed 3 has two epochs
    with pytest.raises(Killed):
        train(small_layers, data, SETTINGS, [2, 3], checkpoints=Checkpoints(tmp_path, "x"))
    kill_at(math.inf)
    checkpoints = Checkpoints(tmp_path, "x")
    again = train(small_layers, data, SETTINGS, [3], checkpoints=checkpoints)
    assert checkpoints.resumed == {3: 2}
    assert_same(result(*again), expected)


def test_one_that_was_put_into_another_seeds_folder_is_not_used(
    small_layers, make_data, tmp_path, kill_at
):
    path = killed_once(small_layers, make_data(), tmp_path, kill_at)
    path.parent.rename(tmp_path / "seed4")
    learner = Learner(small_layers, make_data().training, SETTINGS, 4)
    Checkpoints(tmp_path, "x").resume(learner)
    assert learner.history == []


def test_a_loss_that_is_no_number_leaves_no_checkpoint_of_it(small_layers, make_data, tmp_path):
    settings = Settings(**vars(SETTINGS) | {"learning_rate": 1e38})
    with pytest.raises(UserError, match="epoch 1, step 2"):
        train(small_layers, make_data(), settings, [3], checkpoints=Checkpoints(tmp_path, "x"))
    assert not list(tmp_path.iterdir())
