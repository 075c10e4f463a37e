"""Draw which block wins under which budget, and say it in a table.

    PYTHONPATH=workflow python docs/studies/budgets.py results/budget PICTURE.png

Reads `networks.csv` and `runs.csv` of a study whose networks are named BLOCK_BUDGET, the budget
being parameters, flops or seconds. Prints Markdown.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from blocklab.report.figures.accuracy import ACCURACY
from blocklab.report.figures.style import COLOURS, LOOK, MARKERS, RIM, log_axis, save
from blocklab.report.statistics import mean_interval
from blocklab.report.words import percent

# What a budget counts, the column of networks.csv that holds it, its unit and its title's words.
BUDGETS = {
    "parameters": ("parameters", 1, "equal parameters", "{:,.0f} to {:,.0f}"),
    "flops": ("flops", 1e6, "equal FLOPs of an image", "{:.2f} to {:.2f} million"),
    "seconds": ("seconds_per_epoch", 1, "equal training time", "{:.1f} to {:.1f} s an epoch"),
}


def by_budget(networks: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of networks.csv of every budget, with a column block.

    The blocks stand in one order, by their mean accuracy over the budgets, the best first.
    Raises ValueError if a budget lacks a block that another has.
    """
    parts = networks["network"].str.extract(r"^(?P<block>.+)_(?P<budget>[a-z]+)$")
    rows = networks.assign(**parts).dropna(subset=["block"])
    rows = rows[rows["budget"].isin(BUDGETS)]
    counts = rows.groupby("block")["budget"].nunique()
    if (counts < len(BUDGETS)).any():
        raise ValueError(
            f"not under every budget: {', '.join(counts[counts < len(BUDGETS)].index)}"
        )
    order = rows.groupby("block")["test_acc"].mean().sort_values(ascending=False).index
    return {
        budget: rows[rows["budget"] == budget].set_index("block", drop=False).loc[order]
        for budget in BUDGETS
    }


@rc_context(LOOK)
def draw(networks: pd.DataFrame, runs: pd.DataFrame) -> Figure:
    """Return the figure: a panel per budget, in each every block's accuracy with its interval."""
    budgets = by_budget(networks)
    figure = Figure(figsize=(9, 2.6), layout="constrained")
    panels = figure.subplots(1, len(budgets), sharey=True)
    wanted = pd.concat(budgets.values())["network"]
    errors = 100 * (1 - runs.loc[runs["network"].isin(wanted), "test_acc"].to_numpy(float))
    for axes, (budget, rows) in zip(panels, budgets.items(), strict=True):
        _panel(axes, budget, rows, runs, errors)
    names = budgets["parameters"]["block"]
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.5, -0.6)
    figure.supxlabel(
        "test accuracy (%), on a logarithmic scale of the error; "
        f"95 % interval over {int(networks['seeds'].max())} seeds, which are the small dots",
        fontsize=8.5,
    )
    return figure


def _panel(
    axes: Axes, budget: str, rows: pd.DataFrame, runs: pd.DataFrame, errors: np.ndarray
) -> None:
    column, unit, words, spread = BUDGETS[budget]
    log_axis(axes.xaxis, errors, ACCURACY, most=100)
    axes.invert_xaxis()
    best = rows["test_acc"].idxmax()
    for place, row in enumerate(rows.itertuples()):
        of_seeds = 100 * (1 - runs.loc[runs["network"] == row.network, "test_acc"])
        axes.plot(of_seeds, np.full(len(of_seeds), place + 0.24), ".", color="0.6", markersize=3.5)
        low, high = 100 * (1 - row.test_acc_high), 100 * (1 - row.test_acc_low)
        colour = COLOURS[place]
        axes.hlines(place, low, high, color=colour, linewidth=2)
        axes.plot(
            100 * (1 - row.test_acc), place, MARKERS[place], color=colour, markersize=7, zorder=3,
            **RIM,
        )  # fmt: skip
        axes.annotate(
            f"{100 * row.test_acc:.2f}", (100 * (1 - row.test_acc), place), xytext=(0, 5),
            textcoords="offset points", ha="center", fontsize=8,
            fontweight="bold" if row.block == best else "normal",
        )  # fmt: skip
    values = rows[column] / unit
    axes.set_title(f"{words}\n{spread.format(values.min(), values.max())}", loc="left")
    axes.yaxis.grid(False)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def table(networks: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row per network: what it used, its accuracy, and how far the budget's best is."""
    accuracies = runs.pivot(index="seed", columns="network", values="test_acc")
    rows = []
    for budget, blocks in by_budget(networks).items():
        best = blocks.loc[blocks["test_acc"].idxmax(), "network"]
        for row in blocks.sort_values("test_acc", ascending=False).itertuples():
            behind = "–"
            if row.network != best:
                gap, low, high = mean_interval(
                    (accuracies[best] - accuracies[row.network]).to_numpy(), 1 / row.test_images
                )
                behind = f"{100 * gap:.2f} ({100 * low:.2f} to {100 * high:.2f})"
            rows.append(
                {
                    "budget": BUDGETS[budget][2],
                    "block": row.block,
                    "accuracy, test images": percent(row.test_acc),
                    "points behind the best (95 % interval)": behind,
                    "parameters": f"{row.parameters:,.0f}",
                    "million FLOPs": f"{row.flops / 1e6:.2f}",
                    "seconds an epoch": f"{row.seconds_per_epoch:.1f}",
                }
            )
    return pd.DataFrame(rows)


def main(study: str, picture: str) -> None:
    networks, runs = (pd.read_csv(Path(study) / f"{name}.csv") for name in ("networks", "runs"))
    save(draw(networks, runs), picture)
    print(table(networks, runs).to_markdown(index=False, disable_numparse=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
