"""How far a run is: from Snakemake's events, and from what jobs really log."""

import logging
import time
from pathlib import Path

import pytest

from blocklab.jobs.job import _log_to
from blocklab.terminal.progress import Epoch, Progress, label_of, stage_of


@pytest.fixture
def job_log(tmp_path: Path):
    """The log of a job, which this process logs to as a job does."""
    handlers, level = logging.root.handlers[:], logging.root.level
    path = tmp_path / "train.log"
    _log_to(str(path))
    yield path
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def started(log: Path):
    return Progress().start(1, "train", "Train vgg, seeds 3-4", [str(log)])


def test_a_training_is_followed_epoch_by_epoch(job_log, small_layers, make_data, make_settings):
    from blocklab.training.checkpoint import Checkpoints
    from blocklab.training.loop import train

    job_log.unlink()  # as before a first run
    job = started(job_log)
    job.look()
    assert (job.seeds, job.accuracies()) == ({}, "")
    _log_to(str(job_log))
    folder = job_log.parent / "checkpoints"
    data = make_data()
    train(small_layers, data, make_settings(), [3, 4], "vgg", 1, Checkpoints(folder, "x"))
    job.look()
    assert [(seed, epoch.done, epoch.of) for seed, epoch in job.seeds.items()] == [
        (3, 2, 2),
        (4, 2, 2),
    ]
    assert job.latest().startswith("seed 4 epoch 2/2, ")
    assert job.accuracies().endswith(" % of validation images right")
    train(small_layers, data, make_settings(), [3], "vgg", 1, Checkpoints(folder, "x"))
    job.look()
    assert job.resumed == [(3, 2)]


def test_without_a_validation_split_the_training_images_count(
    job_log, small_layers, make_data, make_settings
):
    from blocklab.training.loop import train

    job_log.unlink()
    job = started(job_log)
    _log_to(str(job_log))
    train(small_layers, make_data(validation=0), make_settings(), [0], "vgg")
    job.look()
    assert job.accuracies().endswith(" % of training images right")
    assert job.latest().startswith("epoch 2/2, ")


def test_the_log_of_an_earlier_run_is_not_taken_for_this_one(tmp_path):
    log = tmp_path / "train.log"
    line = "10:00:00 INFO vgg seed 0 epoch 1/3: acc 0.5, loss 1.0, validation_acc 0.25, 1.0 s\n"
    log.write_text(line + "10:00:01 ERROR the disk is full\n")
    job = started(log)
    job.look()
    assert (job.seeds, job.reason) == ({}, None)
    log.write_text("")
    with log.open("a") as file:
        file.write(line)
        file.write("10:00:02 INFO worked from")
        file.flush()
        job.look()
        assert job.seeds == {0: Epoch(1, 3, 0.25, "validation")}
        assert not job.worked  # the line is not complete
        file.write(" 1.00 to 2.00\n")
        file.flush()
        job.look()
    assert job.worked and job.reason is None
    log.unlink()
    job.look()  # gone, as on a disk that was taken away


def test_an_error_is_the_reason_and_its_traceback_is_not(job_log):
    job = started(job_log)
    time.sleep(0.02)
    try:
        raise ValueError("x")
    except ValueError:
        logging.exception("ValueError: x")
    job.look()
    assert job.reason == "ValueError: x"


def test_jobs_are_counted_by_stage_without_targets():
    progress = Progress(targets=["all", "vgg"])
    progress.plan({"train": 1, "train_seeds_0to7": 2, "summary": 1, "all": 1, "vgg": 1, "total": 6})
    assert progress.total == {"train": 3, "report": 1}
    assert progress.start(0, "all", "The study is complete", []) is None
    progress.start(1, "train", None, [])
    progress.start(2, "train_seeds_0to7", None, [])
    assert progress.finish(1) and progress.finish(1) is None
    assert progress.fail(2) and progress.finish(2) is None
    assert progress.counts() == (1, 4)
    assert [job.stage for job in progress.failed] == ["train"]


@pytest.mark.parametrize(
    ("rule", "message", "label"),
    [
        ("train", "Train vgg, seed 0", "vgg seed 0"),
        ("train_seeds_0to7", "Train vgg, seeds 0-7", "vgg seeds 0-7"),
        ("train_seeds_0_2", "Train vgg, seeds 0, 2", "vgg seeds 0, 2"),
        ("explain", "Explain vgg, seed 0", "explain vgg seed 0"),
        ("compare_explanations", None, "compare explanations"),
    ],
)
def test_a_job_is_called_by_what_it_is_for(rule, message, label):
    assert label_of(rule, message) == label
    assert stage_of("prepare_data") == "prepare"


def test_an_explanation_is_followed_part_by_part_in_a_job_of_its_own_and_after_a_training(job_log):
    from blocklab.explanation.evidence import PARTS, _teller

    job_log.unlink()
    job = started(job_log)
    _log_to(str(job_log))
    begin = _teller("vgg", 3)
    begin(PARTS[1])
    job.look()
    assert job.latest() == f"explains seed 3, 2/{len(PARTS)}: {PARTS[1]}"
    logging.info("vgg seed 4 epoch 1/3: acc 0.5, loss 1.0, validation_acc 0.25, 1.0 s")
    job.look()
    assert job.latest() == "epoch 1/3, 25.00 % right"
    begin(PARTS[-1])
    job.look()
    assert job.latest().endswith(PARTS[-1])
    assert job.explaining.part == job.explaining.parts
