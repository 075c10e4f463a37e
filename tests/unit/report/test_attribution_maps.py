"""Figures of attributions: shares of a map's total, marks of what is wrong, colour, and many."""

from itertools import pairwise

import numpy as np
import pytest
from made_up_figures import EXPLANATION, MANIFEST, NETWORKS, explained, networks_table

from blocklab.errors import UserError
from blocklab.report.figures import heatmaps, heatmaps_all, heatmaps_small, mean_maps
from blocklab.report.figures.attribution_maps import MOST_ROWS
from blocklab.report.figures.map_sheet import SMALLEST, WIDTH, WRONG, Block, side_by_side, stacked
from blocklab.report.figures.shares import distance, limit, shares, where_most


def maps_of(figure):
    return [image for axes in figure.axes for image in axes.images if image.cmap.name == "RdBu_r"]


def texts_of(figure) -> str:
    return " ".join(" ".join(text.get_text() for text in figure.texts).split())


def pair_of(*runs):
    return dict(zip(NETWORKS, runs, strict=False))


def draw_pair(*runs):
    return heatmaps.draw(networks_table(len(runs)), pair_of(*runs), MANIFEST, EXPLANATION)


def test_shares_sum_to_one_in_absolute_values_whatever_the_scale():
    maps = np.array([[[1.0, -3.0]], [[10.0, -30.0]], [[0.0, 0.0]], [[np.nan, 1.0]], [[np.inf, 1]]])
    assert shares(maps)[:3].tolist() == [[[0.25, -0.75]], [[0.25, -0.75]], [[0, 0]]]
    assert np.isnan(shares(maps)[3:]).all()


def test_distance_is_one_where_maps_have_nothing_in_common():
    one, other = np.array([[[0.5, 0.5, 0.0]]]), np.array([[[0.5, 0.25, 0.25]]])
    assert distance(one, one).tolist() == [0]
    assert distance(one, other).tolist() == [0.25]
    assert distance(one, -one).tolist() == [1]


def test_the_highest_among_the_marked_may_be_none():
    values = np.array([3.0, np.nan, 1.0, 2.0])
    assert where_most(values, np.array([True] * 4)) == 0
    assert where_most(values, np.array([False, True, True, True])) == 3
    assert where_most(values, np.array([False, True, False, False])) is None


def test_the_scale_is_a_percentile_of_the_ink_of_the_column_that_needs_most():
    inked = np.array([[[True, True, True, False]]])
    pale, strong = np.array([[[0.1, -0.2, 0.3, 9.0]]]), np.array([[[0.1, 0.5, -0.9, 9.0]]])
    assert limit([pale, strong], inked, 50) == 0.5
    assert limit([pale], inked, 100) == pytest.approx(0.3)
    assert limit([np.full((1, 1, 4), np.nan)], inked, 50) == 1
    assert limit([np.array([[[0.0, 0.0, 0.2, 0.0]]])], inked, 50) == pytest.approx(0.2)


def test_a_network_of_larger_logits_has_the_same_colours_and_its_total_below():
    small, large = explained(0), explained(0)
    large["attributions"] = large["attributions"] * 5
    figure = heatmaps_all.draw({"a": small, "b": large}, MANIFEST, EXPLANATION)
    maps = maps_of(figure)
    assert len(maps) == 20
    assert len({image.get_clim() for image in maps}) == 1
    assert np.allclose(maps[0].get_array(), maps[1].get_array())
    assert np.abs(maps[0].get_array()).sum() == pytest.approx(1)
    total = np.median(small["attributions"].sum(axis=(1, 2, 3)))
    written = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert f"total {total:+.1f}" in written
    assert f"total {5 * total:+.1f}" in written


def test_difference_is_of_shares_best_minus_baseline():
    baseline, best = explained(0), explained(1)
    best["attributions"] *= 100
    figure = draw_pair(baseline, best, explained(2))
    first, second, difference = (image.get_array() for image in maps_of(figure)[:3])
    assert np.allclose(difference, second - first)
    assert np.abs(difference).sum() < 2
    assert "Difference: the shares of network_1 minus those of network_0" in texts_of(figure)
    assert "Seed 4." in texts_of(figure)


def labels_of(figure):
    return [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]


def test_the_image_where_maps_differ_most_has_a_row_more_beyond_the_gallery():
    baseline, best = explained(0), explained(0)
    best["attributions"] = best["attributions"].copy()
    best["attributions"][11] *= -1
    figure = draw_pair(baseline, best)
    assert labels_of(figure)[-1] == "0\n(differ\nmost)"
    assert len(maps_of(figure)) == 33
    assert np.allclose(maps_of(figure)[-2].get_array(), shares(best["attributions"][11, 0]))
    assert "Disagree" not in texts_of(figure)


def test_of_the_images_on_which_networks_disagree_the_one_both_are_surest_of():
    baseline, best = explained(0), explained(1)
    best["predictions"] = best["predictions"].copy()
    best["predictions"][[3, 5]] = 9
    best["margins"] = best["margins"].copy()
    best["margins"][5] = 5.0
    baseline["margins"] = baseline["margins"].copy()
    baseline["margins"][[3, 5]] = 2.0, 3.0
    figure = draw_pair(baseline, best)
    assert labels_of(figure)[5].startswith("5") and "(disagree)" in labels_of(figure)[5]
    assert sum("(disagree)" in label for label in labels_of(figure)) == 1
    assert "Disagree: where both are surest" in texts_of(figure)


def test_the_small_figure_shows_the_gallery_image_that_differs_most_and_both_recognise():
    baseline, best = explained(0), explained(0)
    best["attributions"] = best["attributions"].copy()
    best["attributions"][[2, 6, 11]] *= -1
    best["attributions"][6, 0, 0, 0] += 0.5
    best["predictions"] = best["predictions"].copy()
    best["predictions"][2] = 3
    figure = heatmaps_small.draw(networks_table(2), pair_of(baseline, best), MANIFEST, EXPLANATION)
    assert labels_of(figure) == ["6"]
    assert len(maps_of(figure)) == 2
    best["predictions"] = np.full(13, 12)
    names = {"class_names": [str(label) for label in range(13)]}
    figure = heatmaps_small.draw(networks_table(2), pair_of(baseline, best), names, EXPLANATION)
    assert labels_of(figure)[0] in ("2", "6")


def test_mean_maps_are_of_a_class_over_images_and_seeds():
    one, other, diverged = explained(0), explained(1), explained(2)
    diverged["attributions"][:] = np.nan
    figure = mean_maps.draw({"a": [one, other, diverged]}, MANIFEST, EXPLANATION)
    images = np.flatnonzero(one["labels"] == 0)
    expected = np.mean(
        [shares(run["attributions"][image, 0]) for run in (one, other) for image in images], axis=0
    )
    assert len(images) == 4
    assert np.allclose(maps_of(figure)[0].get_array(), expected)
    assert len(maps_of(figure)) == 10
    assert "Mean over 3 seeds." in texts_of(figure)
    assert figure.axes[0].get_title() == "mean of 4"
    assert "outline of the mean image" in texts_of(figure)


def test_a_caption_is_class_and_margin_and_a_wrong_one_has_a_sign_and_a_frame():
    arrays = explained(0)
    arrays["predictions"] = arrays["predictions"].copy()
    arrays["predictions"][1] = 7
    figure = heatmaps_all.draw({"exp3": arrays}, MANIFEST, EXPLANATION)
    right, wrong = (figure.axes[row * 2 + 1] for row in (0, 1))
    assert right.get_title() == "0  +4.2"
    assert wrong.get_title() == f"{WRONG} 7  +4.2"
    assert wrong.spines["left"].get_linewidth() > right.spines["left"].get_linewidth()


def test_long_class_names_are_readable_above_a_map_in_two_lines():
    names = {"class_names": ["automobile", *"123456789"]}
    figure = draw_pair(explained(0), explained(1))
    long = heatmaps.draw(networks_table(2), pair_of(explained(0), explained(1)), names, EXPLANATION)
    assert figure.axes[1].get_title() == "0  +4.2"
    assert long.axes[1].get_title() == "automobile\n+4.2"
    assert long.axes[1].title.get_size() > SMALLEST
    assert long.get_figheight() > figure.get_figheight()


def test_footers_and_titles_of_twelve_networks_do_not_run_into_each_other():
    runs = {f"transformer_{number}": explained(number) for number in range(12)}
    for run in runs.values():
        run["attributions"] += 1000
    figure = heatmaps_all.draw(runs, MANIFEST, EXPLANATION)
    figure.canvas.draw()
    written = [text for axes in figure.axes for text in axes.texts]
    footers = [text.get_window_extent() for text in written if "total" in text.get_text()]
    assert len(footers) == 12
    side_by_side = [(a, b) for a, b in pairwise(footers) if a.y0 == b.y0]
    assert side_by_side and all(a.x1 < b.x0 for a, b in side_by_side)
    assert sum(text.get_text().startswith("transformer_\n") for text in written) == 12


def test_attributions_of_zero_or_of_a_network_that_diverged_are_drawn():
    arrays, diverged = explained(0), explained(1)
    arrays["attributions"][:] = 0
    diverged["attributions"][:] = np.nan
    diverged["margins"][:] = np.nan
    figure = draw_pair(arrays, diverged)
    assert {image.get_clim() for image in maps_of(figure)} == {(-1.0, 1.0)}
    assert figure.axes[2].get_title() == "0  \N{EN DASH}"
    assert "not finite" in [text.get_text() for text in figure.axes[2].texts]
    assert "not finite" not in [text.get_text() for text in figure.axes[1].texts]
    assert len(maps_of(figure)) == 30, "no row where they differ most"
    small = heatmaps_small.draw(networks_table(2), pair_of(arrays, diverged), MANIFEST, EXPLANATION)
    assert len(maps_of(small)) == 2
    mean = mean_maps.draw({"a": [diverged]}, MANIFEST, EXPLANATION)
    assert maps_of(mean)[0].get_array().mask.all()


def coloured(ground: int) -> dict[str, np.ndarray]:
    """Return what is explained of colour images on black, or on something brighter."""
    arrays = explained(0)
    arrays["images"] = np.repeat(arrays["images"], 3, axis=1)
    arrays["images"][:, 1] //= 2
    arrays["images"][:, :2] = arrays["images"][:, :2].clip(ground)
    return arrays | {"attributions": np.repeat(arrays["attributions"], 3, axis=1)}


def test_colour_images_are_shown_in_colour_and_their_channels_summed():
    arrays = coloured(ground=0)
    figure = heatmaps_all.draw({"exp3": arrays}, MANIFEST, EXPLANATION)
    assert figure.axes[0].images[0].get_array().shape == (12, 12, 3)
    summed = shares(arrays["attributions"][0].sum(axis=0))
    assert np.allclose(maps_of(figure)[0].get_array(), summed)
    assert "A pixel's value is the sum over its channels." in texts_of(figure)
    grey = heatmaps_all.draw({"exp3": explained(0)}, MANIFEST, EXPLANATION)
    assert "channels" not in texts_of(grey)


@pytest.mark.parametrize(("ground", "lines"), [(0, 1), (30, 0)])
def test_an_outline_is_drawn_on_black_alone(ground, lines):
    figure = heatmaps_all.draw({"exp3": coloured(ground)}, MANIFEST, EXPLANATION)
    assert len(figure.axes[1].collections) == lines
    assert ("outline" in texts_of(figure)) == bool(lines)


def test_of_many_classes_the_first_are_shown_and_the_figure_says_so():
    arrays = explained(0, images=MOST_ROWS + 5)
    arrays |= {"gallery": np.array(MOST_ROWS + 3), "labels": np.arange(MOST_ROWS + 5)}
    arrays["predictions"] = arrays["labels"]
    names = {"class_names": [f"class {label}" for label in range(MOST_ROWS + 5)]}
    for figure in (
        heatmaps_all.draw({"exp3": arrays}, names, EXPLANATION),
        mean_maps.draw({"exp3": [arrays]}, names, EXPLANATION),
    ):
        assert len(maps_of(figure)) == MOST_ROWS
        assert f"The first {MOST_ROWS} of {MOST_ROWS + 3} classes are shown." in texts_of(figure)


def test_blocks_hold_every_row_and_column_once():
    assert side_by_side(4, 3, most_rows=4) == [Block(range(4), range(3))]
    assert side_by_side(11, 3, most_rows=4) == [
        Block(range(6), range(3)), Block(range(6, 11), range(3))
    ]  # fmt: skip
    assert stacked(10, 9, most_columns=9) == [Block(range(10), range(9))]
    assert [list(block.columns) for block in stacked(1, 10, most_columns=9)] == [
        [0, 1, 2, 3, 4], [5, 6, 7, 8, 9]
    ]  # fmt: skip


def test_thirty_networks_fit_the_page_in_blocks():
    runs = {f"network_{number}": explained(number) for number in range(30)}
    figure = heatmaps_small.draw(networks_table(2), runs, MANIFEST, EXPLANATION)
    assert figure.get_figwidth() <= WIDTH + 0.1
    assert len(maps_of(figure)) == 30
    titles = [axes.texts[0].get_text() for axes in figure.axes if axes.texts]
    titles = [title.replace("\n", "") for title in titles]
    assert [title for title in titles if title.startswith("network")] == list(runs)


def test_networks_that_explain_different_images_are_refused():
    other = explained(1)
    other["indices"] = other["indices"] + 1
    explanations = pair_of(explained(0), other)
    with pytest.raises(UserError, match="network_1 explains other images than that of network_0"):
        heatmaps_all.draw(explanations, MANIFEST, EXPLANATION)
    with pytest.raises(UserError, match="network_1 explains other images than that of network_0"):
        heatmaps.draw(networks_table(2), explanations, MANIFEST, EXPLANATION)
    other["seed"] = other["seed"] + 1
    with pytest.raises(UserError, match="a, seed 5 explains other images than that of a, seed 4:"):
        mean_maps.draw({"a": [explained(0), other]}, MANIFEST, EXPLANATION)
