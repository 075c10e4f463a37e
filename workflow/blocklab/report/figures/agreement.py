"""How far the explanations of every two networks agree."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from blocklab.explanation.ink import BRIGHTNESS
from blocklab.report.figures.style import LOOK, clip, ink_on, styles

MANY = 12  # networks; of more, numbers are short
LONGEST_NAME = 24  # characters
WIDTH = 8.6  # inches


@rc_context({**LOOK, "axes.grid": False})
def draw(networks: pd.DataFrame, agreement: pd.DataFrame) -> Figure:
    """Return the agreement of every two networks, and of each with the bare image, as a matrix.

    Below the diagonal stands the agreement, above it what is left of it given brightness, on it,
    framed, what other seeds of the same network reach; with one seed that is unknown. Agreement
    with the bare image is the last row.

    Args:
        networks: of networks.csv the columns network and baseline, in the study's order.
        agreement: of agreement.csv the columns network_a, network_b, agreement and partial.
    """
    looks = styles(networks)
    values = matrix(agreement, list(looks))
    count = len(looks)
    labels = [clip(look.label, LONGEST_NAME) for look in looks.values()]
    left = 0.3 + 0.08 * max(len(label) for label in [*labels, BRIGHTNESS])
    many = count > MANY
    longest = 0.06 * max(map(len, labels)) + 0.1  # a name, turned
    cell = min(0.72, (WIDTH - left - 0.6 * longest) / count)
    size = min(8.5, 72 * cell / (2.2 if many else 3))
    height = cell * (0.72 if not many else 1) * (count + 1)
    figure = Figure(
        figsize=(max(left + cell * count + longest * 0.6, 5.4), height + longest + 1.25),
        layout="constrained",
    )
    axes = figure.subplots()
    axes.set_facecolor("0.93")
    most = np.nanmax(np.abs(values), initial=0.1)
    image = axes.imshow(values, cmap="PuOr_r", vmin=-most, vmax=most, aspect="auto")
    for row, column in np.ndindex(values.shape):
        value, own = values[row, column], row == column
        look = {"size": size, "color": ink_on(image.cmap(image.norm(np.nan_to_num(value))))}
        if np.isnan(value) and own and not many:
            axes.text(column, row, "unknown", ha="center", va="center", size=size - 2)
        else:
            axes.text(column, row, _written(value, own, many), ha="center", va="center", **look)
        if own:
            corner = column - 0.5, row - 0.5
            axes.add_patch(Rectangle(corner, 1, 1, fill=False, lw=1.2, clip_on=False, zorder=4))
    axes.axhline(count - 0.5, color="white", linewidth=4)
    axes.set_yticks(range(count + 1), [*labels, BRIGHTNESS])
    turned = max(map(len, labels)) * 0.075 > cell
    look = {"rotation": 40, "ha": "left", "rotation_mode": "anchor"} if turned else {}
    axes.set_xticks(range(count), labels, **look)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=8.5 if cell > 0.3 else 7)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, location="bottom", shrink=0.5, aspect=34, pad=0.02)
    bar.ax.tick_params(labelsize=8)
    unknown = np.isnan(values.diagonal()).all()
    bar.set_label("mean rank correlation of attributions on ink", size=8.5)
    one_seed = ", unknown with one seed: studies/explain.yaml runs several" if unknown else ""
    notes = (
        "Below the frames: two networks. Above them: the same given brightness. In them: other"
        f" seeds of the network{one_seed}."
        " Last row: the image as a map."
    )
    figure.supxlabel(textwrap.fill(notes, round(14 * figure.get_figwidth())), size=8, color="0.3")
    return figure


def _written(value: float, own: bool, short: bool) -> str:
    if np.isnan(value):
        return "?" if own else "\N{EN DASH}"
    text = f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
    return text.replace("0.", ".") if short else text


def matrix(agreement: pd.DataFrame, networks: list[str]) -> np.ndarray:
    """Return [N + 1, N]: agreement below the diagonal and on it, partial above, brightness last."""
    places = {network: place for place, network in enumerate([*networks, BRIGHTNESS])}
    values = np.full((len(networks) + 1, len(networks)), np.nan)
    for row in agreement.itertuples():
        high, low = sorted((places[row.network_a], places[row.network_b]))
        values[low, high] = row.agreement
        if low != high and low < len(networks):
            values[high, low] = row.partial
    return values
