"""The figures of how far explanations can be believed: agreement, deletion and insertion."""

import numpy as np
import pandas as pd
import pytest
from made_up_figures import NETWORKS, networks_table
from matplotlib.colors import to_hex

from blocklab.report.figures import agreement, deletion_curves
from blocklab.report.figures.style import COLOURS

FIRST, SECOND = NETWORKS[:2]


def agreements(own: float = 0.7) -> pd.DataFrame:
    rows = [
        (FIRST, FIRST, own, np.nan),
        # The study's order may be another than that of the table.
        (SECOND, FIRST, 0.3, -0.1),
        (SECOND, SECOND, own / 2, np.nan),
        (FIRST, "brightness", 0.5, np.nan),
        (SECOND, "brightness", 0.25, np.nan),
    ]
    return pd.DataFrame(rows, columns=["network_a", "network_b", "agreement", "partial"])


def test_agreement_has_ceilings_on_the_diagonal_and_partial_values_above_it():
    values = agreement.matrix(agreements(), [FIRST, SECOND])
    assert values.tolist() == [[0.7, -0.1], [0.3, 0.35], [0.5, 0.25]]
    axes = agreement.draw(networks_table(2), agreements()).axes[0]
    written = [text.get_text() for text in axes.texts]
    assert written == ["0.70", "\N{MINUS SIGN}0.10", "0.30", "0.35", "0.50", "0.25"]
    assert axes.images[0].get_clim() == (-0.7, 0.7)
    assert [label.get_text() for label in axes.get_yticklabels()][2] == "brightness"
    assert len(axes.patches) == 2, "the diagonal is framed"


def test_with_one_seed_the_ceilings_are_unknown_and_the_figure_says_so():
    figure = agreement.draw(networks_table(2), agreements(np.nan))
    written = [text.get_text() for text in figure.axes[0].texts]
    assert written[0] == written[3] == "unknown"
    assert "unknown with one seed: studies/explain.yaml" in " ".join(figure.get_supxlabel().split())
    several = agreement.draw(networks_table(2), agreements())
    assert "unknown" not in several.get_supxlabel()


def test_agreement_of_thirty_networks_has_short_numbers_and_fits_the_page():
    table = networks_table(12).drop(columns="network").iloc[np.resize(np.arange(12), 30)]
    table = table.assign(network=[f"n{number}" for number in range(30)], baseline=False)
    rows = [(a, b, 0.25, 0.125) for a in table["network"] for b in table["network"] if a < b]
    pairs = pd.DataFrame(rows, columns=["network_a", "network_b", "agreement", "partial"])
    figure = agreement.draw(table, pairs)
    assert figure.get_figwidth() < 9
    written = {text.get_text() for text in figure.axes[0].texts}
    assert written == {".25", ".12", "?", "\N{EN DASH}"}


def perturbations() -> pd.DataFrame:
    """Two seeds whose curves of the first network lie 0.2 apart; none of ROAD for the second."""
    rows = [
        (
            network,
            seed,
            fill,
            order,
            kind,
            share,
            0.2 * seed + (share if kind == "insertion" else 0),
        )
        for network, fill in ((FIRST, "black"), (FIRST, "road"), (SECOND, "black"))
        for seed in (0, 1)
        for order in ("own", "brightness")
        for kind in ("deletion", "insertion")
        for share in (0.0, 0.5)
    ]
    columns = ["network", "seed", "fill", "order", "kind", "share", "probability"]
    return pd.DataFrame(rows, columns=columns)


def test_deletion_curves_are_means_over_seeds_with_the_gains_of_the_table():
    gains = pd.DataFrame(
        {
            "network": [FIRST, FIRST, SECOND],
            "seed": [0, 1, 0],
            "gain_black": [0.25, 0.35, -0.1],
            "gain_road": [0.1, 0.1, np.nan],
            "brightness_gain_black": [0.2, 0.2, 0.1],
            "brightness_gain_road": [0.05, 0.05, np.nan],
        }
    )
    figure = deletion_curves.draw(networks_table(2), perturbations(), gains)
    black, other, road, unknown = figure.axes
    assert black.get_title() == f"{FIRST} (baseline)"
    assert "black" in black.get_ylabel() and "ROAD" in road.get_ylabel()
    curves = {
        (to_hex(line.get_color()).upper(), line.get_linestyle()): line for line in black.lines
    }
    assert len(curves) == 4
    assert curves[COLOURS[0], "--"].get_ydata() == pytest.approx([0.1, 0.6])  # own insertion
    assert curves[COLOURS[1], "-"].get_ydata() == pytest.approx([0.1, 0.1])
    assert [text.get_text() for text in black.texts] == ["+0.30", "+0.20"]
    assert [text.get_text() for text in other.texts] == ["-0.10", "+0.10"]
    assert [text.get_text() for text in unknown.texts] == ["\N{EN DASH}"] * 2
    assert not unknown.lines


def test_deletion_curves_of_many_networks_stand_in_bands():
    nothing = perturbations().iloc[:0]
    figure = deletion_curves.draw(networks_table(12), nothing, pd.DataFrame({"network": []}))
    assert figure.get_figwidth() < 9
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == [f"{FIRST} (baseline)", *NETWORKS[1:]]
