"""Which images most seeds get wrong, as a table and as a figure."""

import numpy as np
import pandas as pd
import pytest
from made_up_figures import MANIFEST
from safetensors import safe_open
from safetensors.numpy import save_file

from blocklab.report.aggregation import Predictions
from blocklab.report.figures import misses
from blocklab.report.misses import COLUMNS, tabulate_misses

LABELS = np.array([0, 1, 2, 3, 4])
#                  image: 0  1  2  3  4
CLASSES = np.array([[0, 7, 5, 9, 4], [0, 7, 2, 8, 9], [0, 7, 6, 8, 9], [0, 1, 6, 3, 4]])


def predicted(classes: np.ndarray) -> Predictions:
    """Predictions of which seed s is sure by 0.5 + s / 10 of each."""
    sure = np.broadcast_to(0.5 + np.arange(len(classes))[:, None] / 10, classes.shape)
    return Predictions(classes, sure, LABELS, np.zeros((len(classes), 10, 10), int))


def test_the_images_that_more_than_half_of_the_seeds_get_wrong_surest_first():
    table = tabulate_misses({"vgg": predicted(CLASSES), "csp": predicted(CLASSES[:1])})
    assert tuple(table.columns) == COLUMNS
    # Image 4 is got wrong by two of four, which is not most. Of images 2 and 3 two seeds of three
    # agree: the third and fourth, who are surer, and the second and third.
    vgg = table[table["network"] == "vgg"]
    assert vgg.drop(columns="probability").values.tolist() == [
        ["vgg", 1, 1, 7, 4, 3, 3], ["vgg", 2, 2, 6, 4, 3, 2], ["vgg", 3, 3, 8, 4, 3, 2]
    ]  # fmt: skip
    assert vgg["probability"].tolist() == pytest.approx([0.6, 0.75, 0.65])
    assert table[table["network"] == "csp"]["image"].tolist() == [1, 2, 3]


def test_with_one_seed_the_misses_it_is_surest_of_come_first():
    sure = np.array([[0.9, 0.6, 0.99, 0.7, 0.8]])
    only = Predictions(CLASSES[1:2], sure, LABELS, np.zeros((1, 10, 10), int))
    table = tabulate_misses({"vgg": only})
    assert table["image"].tolist() == [4, 3, 1], "image 2 is right, however sure"
    assert table["predicted_class"].tolist() == [9, 8, 7]


def test_without_a_miss_the_table_has_its_columns():
    table = tabulate_misses({"vgg": predicted(np.array([LABELS]))})
    assert tuple(table.columns) == COLUMNS and table.empty


@pytest.fixture
def data(tmp_path):
    """Prepared images, each of one shade that is its position."""
    images = np.broadcast_to(np.arange(200, dtype=np.uint8)[:, None, None, None], (200, 1, 8, 8))
    tensors = {"test_images": np.ascontiguousarray(images), "test_indices": np.arange(200) + 1000}
    save_file(tensors, tmp_path / "data.safetensors")
    return safe_open(tmp_path / "data.safetensors", framework="np")


@pytest.fixture
def colour(tmp_path):
    tensors = {"test_images": np.full((1, 3, 8, 8), 7, np.uint8), "test_indices": np.arange(1)}
    save_file(tensors, tmp_path / "colour.safetensors")
    return safe_open(tmp_path / "colour.safetensors", framework="np")


def networks(seeds: int) -> pd.DataFrame:
    columns = ["network", "best", "seeds", "test_images"]
    rows = [("vgg", False, seeds, 200), ("csp", True, seeds, 200)]
    return pd.DataFrame(rows, columns=columns)


def missed(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS)


def test_the_best_networks_misses_are_shown_with_what_they_are_and_are_taken_for(data):
    table = missed(
        ("vgg", 5, 1, 2, 10, 9, 9, 0.9),
        ("csp", 7, 4, 9, 10, 10, 8, 0.9),
        ("csp", 3, 2, 0, 10, 6, 6, 0.9),
    )
    figure = misses.draw(networks(10), table, data, MANIFEST)
    assert [axes.images[0].get_array()[0, 0] for axes in figure.axes] == [7, 3]
    assert [axes.get_title() for axes in figure.axes] == ["4 → 9", "2 → 0"]
    assert [axes.texts[0].get_text() for axes in figure.axes] == ["8/10  #1007", "6/10  #1003"]
    [heading] = figure.texts
    assert " ".join(heading.get_text().split()) == (
        "2 of 200 test images that most of csp's 10 seeds get wrong: what each is → what most say, "
        "and how many"
    )


def test_one_seed_and_no_miss_have_words_of_their_own(data):
    names = {"class_names": [*"012345678", "a longer name"]}
    figure = misses.draw(networks(1), missed(("csp", 7, 4, 9, 1, 1, 1, 0.9)), data, names)
    assert figure.axes[0].get_title() == "4\n→ a longer name"
    assert figure.axes[0].texts[0].get_text() == "#1007"
    assert figure.texts[0].get_text().startswith("csp gets 1 of 200 test images wrong")
    one = misses.draw(networks(1), missed(), data, MANIFEST)
    assert one.texts[0].get_text() == "csp gets every one of 200 test images right"
    none = misses.draw(networks(3), missed(), data, MANIFEST)
    assert not none.axes
    assert (
        none.texts[0].get_text() == "None of 200 test images is got wrong by most of csp's 3 seeds"
    )


def test_a_figure_of_too_many_misses_says_how_many_it_shows(data):
    table = missed(*(("csp", image, 4, 9, 2, 2, 2, 0.9) for image in range(150)))
    figure = misses.draw(networks(2), table, data, MANIFEST)
    assert len(figure.axes) == misses.ACROSS * misses.DOWN == 120
    assert figure.texts[1].get_text() == "The first 120 are shown; all are in misses.csv."
    bottoms = [axes.get_position().y0 for axes in figure.axes]
    assert min(bottoms) > 0 and bottoms[0] > bottoms[-1]


def test_colour_images_are_drawn_in_colour(colour):
    table = missed(("csp", 0, 4, 46, 2, 2, 2, 0.9))
    classes = {"class_names": [f"class {number}" for number in range(47)]}
    figure = misses.draw(networks(2), table, colour, classes)
    assert figure.axes[0].images[0].get_array().shape == (8, 8, 3)
    assert figure.axes[0].get_title() == "class 4\n→ class 46"
