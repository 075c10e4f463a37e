"""What the figures share: their look, logarithmic axes, labels that keep clear of each other.

Figures are matplotlib Figure objects alone, so that there is no global state and no display is
needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import FixedLocator, Formatter, NullLocator

from blocklab.files import write_atomically

LOOK = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so every machine draws the same figure
    "font.size": 9,
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
LINES = ("-", "-.", ":")
BASELINE_COLOUR = "0.45"
LABEL_SIZE = 8.5
# Where a label is tried: how far its edge lies from the point, in typographic points, and in which
# direction, right and left first.
RINGS = (6, 13, 20, 28, 38, 50, 64)
ANGLES = np.deg2rad([0, 180, 90, 270, *(step for step in range(15, 360, 15) if step % 90)])


@dataclass(frozen=True)
class Style:
    """How one network looks in every figure."""

    colour: str
    marker: str
    line: str


def styles(networks: Sequence[str], baseline: str) -> dict[str, Style]:
    """Give each network its look by its position in the study; the baseline is grey and dashed."""
    looks = {}
    for position, network in enumerate(networks):
        colour = COLOURS[position % len(COLOURS)]
        line = LINES[position // len(COLOURS) % len(LINES)]
        if network == baseline:
            colour, line = BASELINE_COLOUR, "--"
        looks[network] = Style(colour, MARKERS[position % len(MARKERS)], line)
    return looks


@rc_context(LOOK)  # matplotlib reads the look again while it draws
def save(figure: Figure, path: str | Path) -> None:
    """Write a PNG whose bytes depend on nothing but what is drawn."""
    with write_atomically(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})


def steps_between(low: float, high: float, multiples: Sequence[int] = (1, 2, 5)) -> np.ndarray:
    """Return the multiples of powers of ten in [low, high], rising."""
    steps = np.array([multiple * 10.0**power for power in range(-12, 18) for multiple in multiples])
    return steps[(steps >= low) & (steps <= high)]


def log_axis(axis: Axis, values: np.ndarray, formatter: Formatter) -> None:
    """Make an axis logarithmic, with limits and labelled ticks at 1, 2 and 5 times powers of ten.

    Only the finite, positive `values` count. Limits go outward to the next tick. Where these steps
    give too few labels to read values from there are finer ones; over many decades, only powers of
    ten.
    """
    values = values[np.isfinite(values) & (values > 0)]
    if not values.size:
        values = np.ones(1)
    low = steps_between(0, 0.97 * values.min())[-1]
    high = steps_between(1.03 * values.max(), np.inf)[0]
    ticks = steps_between(low, high)
    if ticks.size > 9:
        ticks = steps_between(low, high, multiples=(1,))
    elif ticks.size < 4:
        fine = (10, 12, 14, 16, 18, 20, 25, 30, 40, 50, 60, 70, 80, 90)
        ticks = steps_between(low, high, multiples=fine)
    axis.axes.set(**{f"{axis.axis_name}scale": "log", f"{axis.axis_name}lim": (low, high)})
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(formatter)
    axis.set_minor_locator(NullLocator())


def label_points(
    axes: Axes, points: np.ndarray, intervals: np.ndarray, labels: Sequence[str]
) -> list[Annotation]:
    """Write each label beside its point, clear of other labels and points where there is room.

    `points` [N, 2] and `intervals` [N, 2] (lowest and highest y, NaN for none) are in data units;
    a point with a NaN gets no label. The figure's layout must be final. A label that has to move
    away from its point is tied to it by a thin line.
    """
    unit = axes.figure.dpi / 72  # pixels in a typographic point
    frame = axes.get_window_extent().extents
    places, marks, sizes = {}, {}, {}
    for number in np.flatnonzero(np.isfinite(points).all(axis=1)):
        places[number] = axes.transData.transform(points[number])
        marks[number] = [_box(places[number], 4 * unit)]
        if np.isfinite(intervals[number]).all():
            ends = axes.transData.transform([(points[number, 0], y) for y in intervals[number]])
            marks[number].append(np.concatenate([ends[0] - unit, ends[1] + unit]))
        measured = axes.text(0, 0, labels[number], size=LABEL_SIZE)
        sizes[number] = measured.get_window_extent().size / 2 + unit
        measured.remove()

    rings, offsets = {}, {}
    written: dict[int, list[np.ndarray]] = {}
    # Later labels crowd out earlier ones: a few rounds let each choose again among all the others.
    for number in [*places] * 4:
        place, half = places[number], sizes[number]
        others = _without(marks, number)
        labelled = _without(written, number)
        best = np.inf
        for ring, angle in product(RINGS, ANGLES):
            if 2 * ring >= best:
                break
            offset = (ring * unit + half) * (np.cos(angle), np.sin(angle))
            box = _box(place + offset, half)
            tie = [_box(place + step * offset, unit) for step in np.linspace(0, 1, 16)]
            outside = 4 * half.prod() - _overlap([box], [frame])
            cost = 2 * ring + 10 * outside + _overlap([box], others + marks[number] + labelled)
            cost += 3 * _overlap(tie, labelled) + _overlap(tie, others)
            if cost < best:
                best, rings[number], offsets[number] = cost, ring, offset
                written[number] = [box, *tie] if ring > RINGS[0] else [box]

    line = {"arrowstyle": "-", "color": "0.6", "linewidth": 0.6}
    return [
        axes.annotate(
            labels[number],
            points[number],
            offsets[number] / unit,
            textcoords="offset points",
            ha="center",
            va="center",
            size=LABEL_SIZE,
            color="0.15",
            zorder=1,
            arrowprops=line if rings[number] > RINGS[0] else None,
        )
        for number in places
    ]


def _without(boxes: dict[int, list[np.ndarray]], owner: int) -> list[np.ndarray]:
    return [box for number, owned in boxes.items() if number != owner for box in owned]


def _box(middle: np.ndarray, half: np.ndarray | float) -> np.ndarray:
    """Left, bottom, right, top of the box around `middle`, in pixels."""
    return np.concatenate([middle - half, middle + half])


def _overlap(boxes: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> float:
    """Area in pixels that the boxes [N, 4] share with the others [M, 4], summed over all pairs."""
    if not len(boxes) or not len(others):
        return 0.0
    first, second = np.asarray(boxes)[:, None], np.asarray(others)[None]
    sides = np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(
        first[..., :2], second[..., :2]
    )
    return float(sides.clip(min=0).prod(axis=-1).sum())
