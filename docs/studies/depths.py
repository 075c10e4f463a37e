"""Draw how accurate a network is at which depth, for equally many epochs and equally many seconds.

    PYTHONPATH=workflow python docs/studies/depths.py results/depth PICTURE.png

Reads `networks.csv` and `runs.csv` of a study whose networks are named KIND_DEPTH, those that
were trained for as long as another's ten epochs KIND_DEPTH_seconds.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from blocklab.report.figures.accuracy import ACCURACY
from blocklab.report.figures.style import COLOURS, LOOK, MARKERS, RIM, log_axis, save

NAMED = r"^(?P<kind>[a-z]+)_(?P<depth>\d+)(?P<seconds>_seconds)?$"


def by_training(networks: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of networks.csv by how long they were trained, with columns kind and depth.

    A depth that has no network of its own for equal seconds is the one that the others' seconds
    were taken from.
    """
    parts = networks["network"].str.extract(NAMED)
    rows = networks.assign(**parts).dropna(subset=["depth"]).astype({"depth": int})
    equal_epochs = rows["seconds"].isna()
    has_another = rows["network"].add("_seconds").isin(rows["network"])
    return {"ten epochs": rows[equal_epochs], "equally many seconds": rows[~has_another]}


@rc_context(LOOK)
def draw(networks: pd.DataFrame, runs: pd.DataFrame) -> Figure:
    """Return the figure: a panel for equal epochs and one for equal seconds, error by depth."""
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    trained = by_training(networks)
    drawn = pd.concat(trained.values())
    bounds = drawn[["test_acc_low", "test_acc_high"]].to_numpy(float).ravel()
    reached = runs.loc[runs["network"].isin(drawn["network"]), "test_acc"].to_numpy(float)
    errors = 100 * (1 - np.concatenate([bounds, reached]))
    for axes, (title, rows) in zip(panels, trained.items(), strict=True):
        log_axis(axes.yaxis, errors, ACCURACY, most=100)
        for place, (kind, of_kind) in enumerate(rows.sort_values("depth").groupby("kind")):
            of_seeds = runs.merge(of_kind[["network", "depth"]], on="network")
            axes.plot(
                of_seeds["depth"] * 1.06, 100 * (1 - of_seeds["test_acc"]), ".", color="0.6",
                markersize=3.5,
            )  # fmt: skip
            axes.vlines(
                of_kind["depth"], 100 * (1 - of_kind["test_acc_high"]),
                100 * (1 - of_kind["test_acc_low"]), color=COLOURS[place], linewidth=2,
            )  # fmt: skip
            axes.plot(
                of_kind["depth"], 100 * (1 - of_kind["test_acc"]), color=COLOURS[place],
                marker=MARKERS[place], markersize=7, linewidth=1, label=kind, **RIM,
            )  # fmt: skip
        depths = sorted(rows["depth"].unique())
        axes.set_xscale("log", base=2)
        axes.set_xticks(depths, [f"{depth:d}" for depth in depths])
        axes.set_title(title, loc="left")
        axes.set_xlabel("layers")
        axes.minorticks_off()
    panels[0].invert_yaxis()  # and so the other's
    panels[0].set_ylabel("test accuracy (%),\nlogarithmic scale of the error")
    panels[0].legend(frameon=False)
    figure.supxlabel(
        f"95 % intervals over {int(networks['seeds'].max())} seeds, which are the small dots",
        fontsize=8.5,
    )
    return figure


def main(study: str, picture: str) -> None:
    networks, runs = (pd.read_csv(Path(study) / f"{name}.csv") for name in ("networks", "runs"))
    save(draw(networks, runs), picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
