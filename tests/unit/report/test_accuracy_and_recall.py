"""The figures that say how good the networks are: every one's accuracy, every class's recall."""

import numpy as np
import pytest
from made_up_figures import NETWORKS, counted, networks_table, runs_table
from matplotlib.colors import to_rgb

from blocklab.report.figures import accuracy, recall


def dots(axes):
    """The large marker of each network, from the top."""
    return [line for line in axes.lines if line.get_markersize() == 7]


def errors_of(axes):
    return [line.get_xdata()[0] for line in dots(axes)]


def test_accuracy_is_sorted_with_its_interval_and_the_numbers():
    table = networks_table(3)
    axes = accuracy.draw(table, runs_table(table)).axes[0]
    # 98.50, 98.54, 98.58: the last of the study is the highest.
    assert errors_of(axes) == pytest.approx([1.42, 1.46, 1.5])
    assert [line.get_ydata()[0] for line in dots(axes)] == [0, 1, 2]
    assert axes.yaxis_inverted() and axes.xaxis_inverted()
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [NETWORKS[2], f"{NETWORKS[1]} (best)", f"{NETWORKS[0]} (baseline)"]
    segments = [lines.get_segments()[0][:, 0] for lines in axes.collections]
    assert sorted(segments[0]) == pytest.approx([1.22, 1.62])
    assert axes.texts[0].get_text() == "98.58 [98.38, 98.78]"
    assert "interval over test images" in axes.get_xlabel()
    assert axes.lines[0].get_xdata() == pytest.approx([1.5, 1.5])  # the baseline
    ticks = axes.xaxis.get_major_formatter()
    assert [ticks(error) for error in (50, 5, 1.4, 0.01)] == ["50", "95", "98.6", "99.99"]


def test_several_seeds_are_small_dots_and_one_seed_is_none():
    table = networks_table(2)
    small = [
        [line for line in accuracy.draw(table, runs_table(table, seeds)).axes[0].lines
         if line.get_markersize() == 3.5]
        for seeds in (1, 3)
    ]  # fmt: skip
    assert small[0] == []
    assert small[1][0].get_xdata() == pytest.approx([1.56, 1.46, 1.36])
    label = accuracy.draw(table, runs_table(table, 3)).axes[0].get_xlabel()
    assert "interval over seeds; small dots: seeds" in label


def test_a_network_that_failed_leaves_the_intervals_of_the_others_wide_enough_to_see():
    table = networks_table(4)
    table.loc[2, ["test_acc", "test_acc_low", "test_acc_high"]] = 0.1, 0.09, 0.11
    axes = accuracy.draw(table, runs_table(table, 3)).axes[0]
    on_axes = axes.transData + axes.transAxes.inverted()
    failed = on_axes.transform((errors_of(axes)[-1], 0))[0]
    ends = on_axes.transform(axes.collections[0].get_segments()[0])[:, 0]
    assert errors_of(axes)[-1] == pytest.approx(90)
    assert 0 < failed < 0.1, "it is on the axis, at its left end"
    assert abs(ends[1] - ends[0]) > 0.05
    assert axes.texts[-1].get_text() == "10.00 [9.00, 11.00]"


def test_an_accuracy_of_100_is_drawn_on_the_log_axis_and_the_label_says_where():
    table = networks_table(3)
    table.loc[1, ["test_acc", "test_acc_low", "test_acc_high"]] = 1.0, 0.999, 1.0
    axes = accuracy.draw(table, runs_table(table)).axes[0]
    assert errors_of(axes)[0] == pytest.approx(0.05)  # half the smallest that is not 0
    assert "100 drawn at 99.95" in axes.get_xlabel()
    assert (
        "drawn at" not in accuracy.draw(networks_table(3), runs_table(table)).axes[0].get_xlabel()
    )


def test_a_network_without_an_accuracy_is_named_last_without_a_dot():
    table = networks_table(3)
    table.loc[1, ["test_acc", "test_acc_low", "test_acc_high"]] = np.nan
    axes = accuracy.draw(table, runs_table(table)).axes[0]
    assert axes.get_yticklabels()[-1].get_text() == f"{NETWORKS[1]} (best)"
    assert np.isnan(dots(axes)[-1].get_xdata()[0])
    assert axes.texts[-1].get_text() == "\N{EN DASH}"


def test_recall_is_of_every_network_and_class_and_unknown_without_images():
    counts = np.array([[90, 10, 0], [0, 50, 0], [0, 0, 0]])
    names = {"class_names": ["ankle boot", "bag", "coat"]}
    axes = recall.draw(networks_table(2), counted(counts), names).axes[0]
    # Of another network's every class, 7 of 21 are right.
    shown = [text.get_text() for text in axes.texts]
    assert shown == ["33.3", "33.3", "33.3", "90.0", "100", "\N{EN DASH}"]
    missed = axes.images[0].get_array()
    assert missed[1].tolist()[:2] == pytest.approx([10, 0])
    assert missed.mask[1, 2]
    assert [label.get_text() for label in axes.get_yticklabels()][1] == NETWORKS[1]


def test_many_classes_run_down_the_page():
    names = {"class_names": [f"class {number}" for number in range(47)]}
    figure = recall.draw(networks_table(2), counted(np.eye(47, dtype=int)), names)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == names["class_names"]
    assert figure.get_figwidth() < 9
    figure.canvas.draw()
    said = figure.axes[1].xaxis.label.get_window_extent()
    assert figure.bbox.x0 <= said.x0 < said.x1 <= figure.bbox.x1
    white = [text for text in figure.axes[0].texts if to_rgb(text.get_color()) == (1, 1, 1)]
    assert len(white) == 47, "the dark cells of the network that mistakes every class"
