"""The timeline of a study, from logs."""

import logging
from types import SimpleNamespace

import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from blocklab.jobs import job
from blocklab.jobs.job import as_job
from blocklab.report.figures.timeline import draw_timeline, lanes, read_jobs, timeline


@pytest.fixture
def log(tmp_path):
    """Return a function that writes a log and returns its path."""

    def write(name: str, start: float, end: float) -> str:
        path = tmp_path / f"{name}.log"
        path.write_text(
            f"12:00:00 INFO {name} seed 0 epoch 1/1: acc 0.5\n"
            f"12:00:01 INFO worked from {start:.2f} to {end:.2f}\n"
        )
        return str(path)

    return write


def test_jobs_are_read_in_the_order_of_their_starts(log):
    jobs = read_jobs(
        {"train": {"vgg": log("vgg", 105, 130), "csp": log("csp", 104, 120)}, "report": {}}
    )
    assert jobs.values.tolist() == [["train", "csp", 0, 16], ["train", "vgg", 1, 26]]


def test_a_log_without_times_is_left_out(log, tmp_path):
    (tmp_path / "old.log").write_text("12:00:00 INFO an epoch\n")
    jobs = read_jobs({"train": {"old": str(tmp_path / "old.log"), "vgg": log("vgg", 5, 6)}})
    assert jobs["name"].tolist() == ["vgg"]


def test_the_time_until_a_study_is_continued_is_cut_out(log):
    jobs = read_jobs(
        {
            "train": {"a": log("a", 100, 150), "b": log("b", 110, 120)},
            "explain": {"a": log("c", 155, 160), "b": log("d", 5000, 5010)},
        }
    )
    # Five idle seconds stay; from 160 to 5,000 nothing ran.
    assert jobs["start"].tolist() == [0, 10, 55, 60]
    assert jobs["end"].tolist() == [50, 20, 60, 70]


def test_a_job_takes_the_first_row_that_is_free():
    jobs = pd.DataFrame({"start": [0, 0, 1, 5, 6], "end": [5, 3, 2, 9, 7]})
    assert lanes(jobs) == [0, 1, 2, 0, 1]


def test_logs_that_are_gone_are_left_out(log, tmp_path):
    logs = {"train": {"vgg": log("vgg", 0, 5), "csp": str(tmp_path / "absent.log")}}
    assert read_jobs(logs)["name"].tolist() == ["vgg"]
    (text,) = draw_timeline(read_jobs({"train": {"csp": logs["train"]["csp"]}})).texts
    assert text.get_text() == "no log says when its job ran"


@pytest.mark.parametrize(("longest", "unit"), [(100, "seconds"), (1000, "minutes")])
def test_the_figure_has_a_bar_per_job(log, longest, unit, tmp_path):
    logs = {
        "train": {"vgg": log("vgg", 0, longest), "a_very_long_name_of_a_network": log("x", 0, 2)}
    }
    figure = draw_timeline(read_jobs(logs))
    (axes,) = figure.axes
    bars = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    widths = sorted(bar.get_width() * (60 if unit == "minutes" else 1) for bar in bars)
    assert widths == pytest.approx([2, longest])
    assert axes.get_xlabel() == f"{unit} since the first job started"
    assert [text.get_text() for text in axes.texts] == ["vgg"]
    timeline(logs, tmp_path / "timeline.png")
    assert (tmp_path / "timeline.png").read_bytes().startswith(b"\x89PNG")


def test_a_jobs_log_ends_with_when_it_worked_if_it_succeeds(tmp_path, monkeypatch):
    monkeypatch.setattr(job, "check_stamp", lambda *_: None)

    def made(name: str) -> SimpleNamespace:
        return SimpleNamespace(log=[str(tmp_path / f"{name}.log")], params=SimpleNamespace(code=""))

    handlers = logging.getLogger().handlers[:]
    try:
        with as_job(made("done")):
            pass
        with pytest.raises(SystemExit), as_job(made("failed")):
            raise ValueError
    finally:
        logging.getLogger().handlers[:] = handlers
    jobs = read_jobs({"": {name: str(tmp_path / f"{name}.log") for name in ("done", "failed")}})
    assert jobs["name"].tolist() == ["done"]
    # This process started before its tests did.
    assert 0 < jobs["end"].item() - jobs["start"].item() < 3600
