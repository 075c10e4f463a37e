"""Draw test error against parameters: networks of finished studies, and what others report.

    PYTHONPATH=workflow python docs/studies/against_parameters.py PICTURE.png \\
        docs/studies/excellent docs/studies/smallest docs/reference-study

Reads of every study `networks.csv` and, if there is one, `votes.csv`, and of `anchors.csv` beside
this file what others report, with the columns name, parameters, accuracy and source.
"""

import sys
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter
from matplotlib.transforms import Bbox

from blocklab.report.figures.style import COLOURS, LOOK, MARKERS, PLAIN, RIM, log_axis, save

ANCHORS = Path(__file__).parent / "anchors.csv"
# Where a name may stand, in points from its point, the best place first, and which end is there.
SIDES = {
    (6, 0): "left", (-6, 0): "right", (5, 6): "left", (5, -6): "left",
    (-5, 6): "right", (-5, -6): "right", (5, 12): "left", (5, -12): "left",
}  # fmt: skip


def networks_of(study: Path) -> pd.DataFrame:
    """Return name, parameters, error and its 95 % interval, in percent, of a study's networks.

    A vote has the parameters of all that vote, and no interval.
    """
    read = pd.read_csv(study / "networks.csv")
    rows = pd.DataFrame(
        {
            "name": read["network"],
            "parameters": read["parameters"],
            "error": 100 * (1 - read["test_acc"]),
            "low": 100 * (1 - read["test_acc_high"]),
            "high": 100 * (1 - read["test_acc_low"]),
        }
    )
    if (study / "votes.csv").exists():
        votes = pd.read_csv(study / "votes.csv")
        vote = pd.DataFrame(
            {
                "name": "vote " + votes["vote"],
                "parameters": votes["parameters"],
                "error": 100 * (1 - votes["test_acc"]),
            }
        )
        rows = pd.concat([rows, vote], ignore_index=True)
    return rows


@rc_context(LOOK)
def draw(studies: dict[str, pd.DataFrame], anchors: pd.DataFrame) -> Figure:
    """Return the figure; studies: what `networks_of` returns, by the words of the legend."""
    figure = Figure(figsize=(9, 5.4), layout="constrained")
    axis = figure.subplots()
    others = anchors.assign(error=100 * (1 - anchors["accuracy"]))
    everything = pd.concat([*studies.values(), others])
    log_axis(axis.xaxis, everything["parameters"].to_numpy(float), EngFormatter(sep=""))
    log_axis(
        axis.yaxis, everything[["error", "low", "high"]].to_numpy(float).ravel(), PLAIN, most=100
    )
    for position, (label, rows) in enumerate(studies.items()):
        colour = COLOURS[position]
        known = rows.dropna(subset=["low", "high"])
        axis.vlines(known["parameters"], known["low"], known["high"], color=colour, linewidth=1.2)
        axis.plot(
            rows["parameters"], rows["error"], MARKERS[position], color=colour, label=label,
            markersize=6, **RIM, zorder=3,
        )  # fmt: skip
    axis.plot(
        others["parameters"], others["error"], "x", color="0.35", label="reported by others",
        markersize=6, zorder=3,
    )  # fmt: skip
    axis.set_xlabel("parameters")
    axis.set_ylabel("test error (%), with its 95 % interval over seeds where there is one")
    axis.set_title("Error on MNIST's test images against parameters", loc="left")
    axis.legend(loc="upper right", frameon=False)
    coloured = zip([*studies.values(), others], [*COLOURS[: len(studies)], "0.35"], strict=True)
    _name(axis, [(row, colour) for rows, colour in coloured for row in rows.itertuples()])
    return figure


def _name(axis: Axes, points: list[tuple[Any, str]]) -> None:
    """Write each name beside its point, on the first side where it hides neither point nor name."""
    axis.figure.draw_without_rendering()  # places the axes: what is where can be asked only then
    at = axis.transData.transform([(row.parameters, row.error) for row, _ in points])
    taken = [Bbox.from_bounds(x - 5, y - 5, 10, 10) for x, y in at]
    frame = axis.get_window_extent()
    for row, colour in points:
        for (x, y), side in SIDES.items():
            name = axis.annotate(
                row.name.replace("_", " "), (row.parameters, row.error), xytext=(x, y), ha=side,
                va="center", textcoords="offset points", fontsize=7, color=colour,
            )  # fmt: skip
            box = name.get_window_extent()
            inside = frame.x0 < box.x0 and box.x1 < frame.x1
            if (inside and box.count_overlaps(taken) == 0) or (x, y) == [*SIDES][-1]:
                taken.append(box)
                break
            name.remove()


def main(picture: str, *studies: str) -> None:
    known = {Path(study).name.replace("-", " "): networks_of(Path(study)) for study in studies}
    save(draw(known, pd.read_csv(ANCHORS)), picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
