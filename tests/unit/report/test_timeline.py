"""The timeline: when which job ran, from the ends of their logs."""

from pathlib import Path

import pytest

from blocklab.report.figures import timeline


@pytest.fixture
def worked(tmp_path):
    """Return a function: start and end of each job by stage and name -> a figure's logs."""

    def write(**stages: dict[str, tuple[float, float] | None]) -> dict[str, dict[str, str]]:
        logs = {}
        for stage, jobs in stages.items():
            for name, span in jobs.items():
                path = tmp_path / f"{stage}_{name}.log"
                last = "12:00:01 INFO worked from {:.2f} to {:.2f}\n".format(*span) if span else ""
                path.write_text(f"12:00:00 INFO {name} seed 0 epoch 1/1: acc 0.5\n{last}")
                logs.setdefault(stage, {})[name] = str(path)
        return logs

    return write


def bars(figure) -> list[tuple[int, float, float]]:
    """Return row, start and end of the bars in the order that they were drawn."""
    (axes,) = figure.axes
    boxes = [bar.get_bbox() for bar in axes.patches]
    return [(round((box.y0 + box.y1) / 2), round(box.x0, 6), round(box.x1, 6)) for box in boxes]


def test_seeds_that_were_trained_together_are_one_bar(worked):
    one = (100, 105)
    logs = worked(
        train={"vgg 0": one, "vgg 1": one, "vgg 2": one, "vgg 5": one, "csp 0": (100, 104.5)}
    )
    figure = timeline.draw(logs)
    assert bars(figure) == [(0, 0, 5), (1, 0, 4.5)]
    assert [text.get_text() for text in figure.axes[0].texts] == ["vgg 0-2, 5", "csp 0"]


def test_jobs_that_happen_to_coincide_keep_their_names(worked):
    one = (100, 105)
    logs = worked(report={"recall": one, "misses": one}, train={"vgg 0": one, "csp 0": one})
    figure = timeline.draw(logs)
    names = [text.get_text() for text in figure.axes[0].texts]
    assert sorted(names) == ["recall, misses", "vgg 0, csp 0"]


def test_a_job_is_a_bar_in_the_first_row_that_is_free_when_it_starts(worked):
    jobs = {"vgg": (100, 105), "csp": (100.5, 103), "exp3": (101, 102), "x": (105, 109)}
    logs = worked(train=jobs, explain={"vgg": (106, 107)})
    expected = [(0, 0, 5), (1, 0.5, 3), (2, 1, 2), (0, 5, 9), (1, 6, 7)]
    assert bars(timeline.draw(logs)) == expected


def test_the_time_until_a_study_is_continued_is_cut_out(worked):
    logs = worked(
        train={"a": (100, 150), "b": (110, 120)}, explain={"a": (155, 160), "b": (5000, 5010)}
    )
    # Five idle seconds stay; from 160 to 5,000 nothing ran.
    assert bars(timeline.draw(logs)) == [(0, 0, 50), (1, 10, 20), (0, 55, 60), (0, 60, 70)]


def test_logs_that_are_gone_or_without_times_are_left_out(worked):
    logs = worked(train={"old": None, "vgg": (5, 6), "gone": (5, 7)})
    Path(logs["train"]["gone"]).unlink()
    assert bars(timeline.draw(logs)) == [(0, 0, 1)]
    del logs["train"]["vgg"]
    (text,) = timeline.draw(logs).texts
    assert text.get_text() == "no log says when its job ran"


@pytest.mark.parametrize(("longest", "unit"), [(100, "seconds"), (1000, "minutes")])
def test_bars_are_named_where_the_name_fits_and_measured_in_a_unit_that_fits(worked, longest, unit):
    logs = worked(train={"vgg": (0, longest), "a_very_long_name_of_a_network": (0, 2)})
    (axes,) = timeline.draw(logs).axes
    widths = sorted(bar.get_width() * (60 if unit == "minutes" else 1) for bar in axes.patches)
    assert widths == pytest.approx([2, longest])
    assert axes.get_xlabel() == f"{unit} since the first job started"
    assert [text.get_text() for text in axes.texts] == ["vgg"]
