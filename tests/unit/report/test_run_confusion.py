"""The confusion matrix that a tracker is shown of a run."""

from itertools import pairwise

import numpy as np
import pytest
from made_up_figures import MANIFEST
from matplotlib.text import Text

from blocklab.report.figures.style import clip, save
from blocklab.report.run_confusion import draw_confusion


def test_confusion_shows_counts_recall_and_only_the_errors_in_colour():
    counts = np.array([[90, 10, 0], [0, 50, 0], [0, 0, 0]])
    names = ["ankle boot", "bag", "coat"]
    figure = draw_confusion("vgg", counts, names)
    axes = figure.axes[0]
    shares = axes.images[0].get_array()
    assert shares.mask.diagonal().all()
    assert shares[0, 1] == pytest.approx(10)
    assert axes.images[0].get_clim() == pytest.approx((0, 10))
    texts = [text.get_text() for text in axes.texts]
    assert texts[:9] == ["90", "10", "0", "0", "50", "0", "0", "0", "0"]
    assert texts[9:] == ["90.0 %", "100.0 %", "-", "recall"]  # the last class has no images
    title = "vgg: 10 of 150 test predictions are wrong (6.67\N{NO-BREAK SPACE}%)"
    assert axes.get_title(loc="left").replace("\n", " ") == title


def test_confusion_of_few_classes_is_wide_enough_for_its_texts():
    names = ["cherry", "lime", "plum"]
    figure = draw_confusion("vgg", np.array([[0, 10, 2], [0, 12, 0], [0, 0, 0]]), names)
    figure.draw_without_rendering()
    texts = [text for text in figure.findobj(Text) if text.get_text()]
    cut = [text.get_text() for text in texts if text.get_window_extent().x0 < 0]
    cut += [t.get_text() for t in texts if t.get_window_extent().x1 > figure.bbox.x1]
    assert cut == []
    ticks = [tick.get_window_extent() for tick in figure.axes[1].get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in pairwise(ticks))


def test_confusion_without_an_error_is_drawn(tmp_path):
    figure = draw_confusion("vgg", np.eye(10, dtype=int), MANIFEST["class_names"])
    save(figure, tmp_path / "confusion.png")
    assert (tmp_path / "confusion.png").stat().st_size > 10_000


def test_confusion_of_a_hundred_classes_is_colour_recall_and_names_cut_short():
    names = [f"a class with a long name, number {i}" for i in range(100)]
    figure = draw_confusion("vgg", np.eye(100, dtype=int) * 9 + 1, names)
    axes = figure.axes[0]
    assert len(axes.texts) == 101  # recalls and their heading; no counts
    assert axes.get_yticklabels()[42].get_text() == clip(names[42], 24)
    assert max(figure.get_size_inches()) < 16
