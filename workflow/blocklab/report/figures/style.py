"""What the figures share: their look, logarithmic axes, how an error of 0 is drawn on them.

Figures are matplotlib Figure objects alone, so that there is no global state and no display is
needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, Formatter, NullLocator, StrMethodFormatter

from blocklab.files import write_atomically

LOOK = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so every machine draws the same figure
    "font.size": 9,
    "text.parse_math": False,  # names of classes are any text, dollars in it too
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "0.9",
    "figure.dpi": 160,
    "savefig.dpi": "figure",
}
# Okabe and Ito's colours for colour-blind readers, without yellow, which vanishes on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX<>*hp"
BASELINE_COLOUR = "0.45"
# A white rim keeps markers apart where they lie on each other.
RIM = {"markeredgecolor": "white", "markeredgewidth": 0.5}
PLAIN = StrMethodFormatter("{x:g}")
# Percent. One image in a million is 1e-4 %: anything smaller is rounding, not an error.
NO_ERROR = 1e-5


@dataclass(frozen=True)
class Style:
    """How one network is named and looks in every figure."""

    label: str
    colour: str
    marker: str


def styles(networks: pd.DataFrame) -> dict[str, Style]:
    """Give each network its look by its position in the study; the baseline is grey.

    networks: of networks.csv the columns network and baseline.
    """
    looks = {}
    for position, (network, baseline) in enumerate(
        zip(networks["network"], networks["baseline"], strict=True)
    ):
        label, colour = network, COLOURS[position % len(COLOURS)]
        if baseline:
            label, colour = f"{network} (baseline)", BASELINE_COLOUR
        looks[network] = Style(label, colour, MARKERS[position % len(MARKERS)])
    return looks


@rc_context(LOOK)  # matplotlib reads the look again while it draws
def save(figure: Figure, path: str | Path) -> None:
    """Write a PNG whose bytes depend on nothing but what is drawn."""
    with write_atomically(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})


def clip(name: str, most: int) -> str:
    """Return a name of at most `most` characters: an ellipsis for what is cut out before its end.

    Names of a kind often differ in the end.
    """
    if len(name) <= most:
        return name
    end = most // 3
    return f"{name[: most - 1 - end].rstrip()}\N{HORIZONTAL ELLIPSIS}{name[-end:]}"


def steps_between(low: float, high: float, multiples: Sequence[int] = (1, 2, 5)) -> np.ndarray:
    """Return the multiples of powers of ten in [low, high], rising."""
    steps = np.array([multiple * 10.0**power for power in range(-12, 18) for multiple in multiples])
    return steps[(steps >= low) & (steps <= high)]


def ink_on(colour: Sequence[float]) -> str:
    """Return 'white' or 'black', whichever stands out more on a colour (R, G, B, ...) of 0 to 1.

    By the relative luminance of WCAG 2, on which both have the same contrast with 0.179.
    """
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return "white" if np.dot(linear, (0.2126, 0.7152, 0.0722)) < 0.179 else "black"


def log_axis(axis: Axis, values: np.ndarray, formatter: Formatter, most: float = np.inf) -> None:
    """Make an axis logarithmic, with limits and labelled ticks at 1, 2 and 5 times powers of ten.

    Only the finite, positive `values` count. Limits go outward to the next tick. Where these steps
    give too few labels to read values from there are finer ones; over many decades, only powers of
    ten. `most` is what no value can exceed.
    """
    values = values[np.isfinite(values) & (values > 0)]
    if not values.size:
        values = np.ones(1)
    low = steps_between(0, 0.97 * values.min())[-1]
    high = min(steps_between(1.03 * values.max(), np.inf)[0], most)
    ticks = steps_between(low, high)
    if ticks.size > 9:
        ticks = steps_between(low, high, multiples=(1,))
    elif ticks.size < 4:
        fine = (10, 15, 20, 30, 40, 50, 70)
        finer = (10, 12, 14, 16, 18, 20, 25, 30, 40, 50, 60, 70, 80, 90)
        ticks = steps_between(low, high, multiples=fine)
        if ticks.size < 4:
            ticks = steps_between(low, high, multiples=finer)
    axis.axes.set(**{f"{axis.axis_name}scale": "log", f"{axis.axis_name}lim": (low, high)})
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(formatter)
    axis.set_minor_locator(NullLocator())


def error_floor(errors: np.ndarray) -> float:
    """Return where an error of 0 % is drawn on a logarithmic axis: half the smallest above 0."""
    some = errors[np.isfinite(errors) & (errors > NO_ERROR)]
    return some.min() / 2 if some.size else 0.005


def error_label(label: str, errors: np.ndarray, floor: float) -> str:
    """Return the axis label, which owns up to the zeros that a logarithmic axis cannot show."""
    return f"{label}; 0 drawn at {floor:.2g}" if (errors <= NO_ERROR).any() else label
