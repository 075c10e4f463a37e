"""The test error of every network against what it costs."""

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from blocklab.report.figures.style import (
    LOOK,
    PLAIN,
    RIM,
    error_floor,
    error_label,
    log_axis,
    styles,
)


@rc_context(LOOK)
def draw(networks: pd.DataFrame) -> Figure:
    """Return the test error with its 95 % interval against FLOPs and against training time.

    `networks` has the columns of networks.csv; where an interval is NaN none is drawn, and where a
    cost is NaN the network is left out of that panel.
    """
    looks = styles(networks)
    errors = pd.DataFrame(
        {
            "mean": 100 * (1 - networks["test_acc"].astype(float)),
            "low": 100 * (1 - networks["test_acc_high"].astype(float)),
            "high": 100 * (1 - networks["test_acc_low"].astype(float)),
        }
    )
    floor = error_floor(errors["mean"].to_numpy())
    drawn = errors.clip(lower=floor, upper=100)
    costs = {
        "flops": ("Test error against compute", "FLOPs per image", EngFormatter()),
        "seconds_per_epoch": (
            "Test error against training time",
            "measured training time per epoch (s)",
            PLAIN,
        ),
    }

    # High enough for the legend of many networks.
    height = max(4.2, 0.21 * len(networks) + 0.2)
    figure = Figure(figsize=(9.4, height), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    log_axis(axes[0].yaxis, drawn.to_numpy().ravel(), PLAIN, most=100)
    for panel, (column, (title, label, formatter)) in zip(axes, costs.items(), strict=True):
        cost = networks[column].astype(float)
        log_axis(panel.xaxis, cost.to_numpy(), formatter)
        panel.set_title(title, loc="left")
        panel.set_xlabel(label)
        for x, error, look in zip(cost, drawn.itertuples(), looks.values(), strict=True):
            panel.plot(
                x, error.mean, look.marker, color=look.colour, label=look.label,
                markersize=7, **RIM, zorder=3,
            )  # fmt: skip
            panel.vlines(x, error.low, error.high, color=look.colour, linewidth=1.4)
    measure = "test error (%)"
    if errors["low"].notna().any():
        measure += ", with its 95 % interval"
    axes[0].set_ylabel(error_label(measure, errors["mean"].to_numpy(), floor))

    figure.get_layout_engine().set(wspace=0.06)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right", frameon=False)
    return figure
