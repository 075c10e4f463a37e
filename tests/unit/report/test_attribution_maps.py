"""Figures of attributions: one scale, marks of what is wrong, colour, and what is too many."""

import numpy as np
import pytest
from made_up_figures import EXPLANATION, MANIFEST, NETWORKS, explained, networks_table

from blocklab.errors import UserError
from blocklab.report.figures import heatmaps, heatmaps_all
from blocklab.report.figures.attribution_maps import MOST_ROWS, TARGET_LABELS, WRONG


def maps_of(figure):
    return [image for axes in figure.axes for image in axes.images if image.cmap.name == "RdBu_r"]


def test_all_maps_share_one_symmetric_scale_with_one_colourbar():
    large = explained(1)
    large["attributions"] *= 5
    figure = heatmaps_all.draw({"a": explained(0), "b": large}, MANIFEST, EXPLANATION)
    maps = maps_of(figure)
    assert len(maps) == 20
    shown = np.abs([a["attributions"][:10] for a in (explained(0), large)])
    scale = np.percentile(shown, 99.5)
    assert {image.get_clim() for image in maps} == {(-scale, scale)}
    bars = [axes for axes in figure.axes if axes.get_xlabel() == TARGET_LABELS["logit_minus_mean"]]
    assert len(bars) == 1
    assert maps[-1].colorbar.extend == "both"
    assert "0.5 % of the pixels" in figure.texts[1].get_text().replace("\n", " ")


def test_difference_is_best_minus_baseline_on_the_same_scale():
    baseline, best = explained(0), explained(1)
    explanations = dict(zip(NETWORKS[:3], (baseline, best, explained(2)), strict=True))
    figure = heatmaps.draw(networks_table(3), explanations, MANIFEST, EXPLANATION)
    maps = maps_of(figure)
    assert len(maps) == 30
    assert len({image.get_clim() for image in maps}) == 1
    difference = best["attributions"][0, 0] - baseline["attributions"][0, 0]
    assert np.allclose(maps[2].get_array(), difference)
    assert "seed 4" in figure.texts[1].get_text().replace("\n", " ")


def test_a_wrong_prediction_is_marked_by_a_sign_and_a_frame():
    arrays = explained(0)
    arrays["predictions"] = arrays["predictions"].copy()
    arrays["predictions"][1] = 7
    figure = heatmaps_all.draw({"exp3": arrays}, MANIFEST, EXPLANATION)
    right, wrong = (figure.axes[row * 2 + 1] for row in (0, 1))
    assert right.get_title() == "0   93.1 %"
    assert wrong.get_title() == f"{WRONG} 7   93.1 %"
    assert wrong.spines["left"].get_linewidth() > right.spines["left"].get_linewidth()


def test_attributions_of_zero_or_of_a_network_that_diverged_are_drawn():
    arrays, diverged = explained(0), explained(1)
    arrays["attributions"][:] = 0
    diverged["attributions"][:] = np.nan
    diverged["probabilities"][:] = np.nan
    figure = heatmaps_all.draw({"exp3": arrays, "b": diverged}, MANIFEST, EXPLANATION)
    assert {image.get_clim() for image in maps_of(figure)} == {(-1.0, 1.0)}
    assert figure.axes[2].get_title() == "0   nan %"


def coloured(ground: int) -> dict[str, np.ndarray]:
    """Return what is explained of colour images on black, or on something brighter."""
    arrays = explained(0)
    arrays["images"] = np.repeat(arrays["images"], 3, axis=1)
    arrays["images"][:, 1] //= 2
    arrays["images"][:, :2] = arrays["images"][:, :2].clip(ground)
    return arrays | {"attributions": np.repeat(arrays["attributions"], 3, axis=1)}


def texts_of(figure) -> str:
    return " ".join(" ".join(text.get_text() for text in figure.texts).split())


def test_colour_images_are_shown_in_colour_and_their_channels_summed():
    arrays = coloured(ground=0)
    figure = heatmaps_all.draw({"exp3": arrays}, MANIFEST, EXPLANATION)
    assert figure.axes[0].images[0].get_array().shape == (12, 12, 3)
    summed = arrays["attributions"][0].sum(axis=0)
    assert np.allclose(maps_of(figure)[0].get_array(), summed)
    assert "A pixel's attribution is the sum over its channels." in texts_of(figure)
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
    figure = heatmaps_all.draw({"exp3": arrays}, names, EXPLANATION)
    assert len(maps_of(figure)) == MOST_ROWS
    assert f"The first {MOST_ROWS} of {MOST_ROWS + 3} classes are shown." in texts_of(figure)


def test_networks_that_explain_different_images_are_refused():
    other = explained(1)
    other["indices"] = other["indices"] + 1
    explanations = dict(zip(NETWORKS[:2], (explained(0), other), strict=True))
    with pytest.raises(UserError, match="network_1 explains other images than that of network_0"):
        heatmaps_all.draw(explanations, MANIFEST, EXPLANATION)
    with pytest.raises(UserError, match="network_1 explains other images than that of network_0"):
        heatmaps.draw(networks_table(2), explanations, MANIFEST, EXPLANATION)
