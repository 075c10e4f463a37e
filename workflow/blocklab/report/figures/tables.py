"""Figures drawn from the result tables: learning curves, accuracy against cost, confusion.

Every figure has a function that writes it to a PNG file, and a `draw_` function of the same name
that returns it as a matplotlib Figure.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator, StrMethodFormatter

from blocklab.report.figures.style import LOOK, Style, log_axis, save, steps_between, styles

# Percent. One image in a million is 1e-4 %: anything smaller is rounding, not an error.
NO_ERROR = 1e-5
# A white rim keeps markers apart where they lie on each other.
RIM = {"markeredgecolor": "white", "markeredgewidth": 0.5}
PLAIN = StrMethodFormatter("{x:g}")


def learning_curves(histories: Mapping[str, pd.DataFrame], baseline: str, path: str | Path) -> None:
    """Write the error on validation and training images per epoch, one line per network.

    `histories` maps the networks, in the study's order, to the rows of their history.csv. A line is
    the mean over the seeds, its band reaches from the lowest to the highest seed. Without a
    validation split only the training error is shown.
    """
    save(draw_learning_curves(histories, baseline), path)


@rc_context(LOOK)
def draw_learning_curves(histories: Mapping[str, pd.DataFrame], baseline: str) -> Figure:
    """Return the figure that `learning_curves` writes."""
    panels = {
        "validation_acc": "Validation error after each epoch",
        "acc": "Training error during each epoch",
    }
    if all(history["validation_acc"].isna().all() for history in histories.values()):
        del panels["validation_acc"]
    curves = {
        column: {network: _error_by_epoch(table, column) for network, table in histories.items()}
        for column in panels
    }
    shown = np.concatenate(
        [c.to_numpy().ravel() for panel in curves.values() for c in panel.values()]
    )
    floor = _floor(shown)
    looks = styles(list(histories), baseline)
    epochs = int(max(history["epoch"].max() for history in histories.values()))

    figure = Figure(figsize=(3.9 * len(panels) + 1.6, 3.9), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for panel, (column, title) in zip(axes, panels.items(), strict=True):
        for position, (network, curve) in enumerate(curves[column].items()):
            # With one epoch there are no lines to tell apart: spread the points around it.
            aside = 0.0 if epochs > 1 else 0.5 * ((position + 0.5) / len(histories) - 0.5)
            _draw_curve(panel, curve.clip(lower=floor), aside, looks[network], epochs)
        panel.set_title(title, loc="left")
        panel.set_xlabel("epoch")
        panel.set_xlim(0.5, epochs + 0.5)
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        panel.xaxis.grid(False)
    log_axis(axes[0].yaxis, np.maximum(shown, floor), PLAIN)
    axes[0].set_ylabel(_error_label("error (%)", shown, floor))
    names = [f"{network} (baseline)" if network == baseline else network for network in histories]
    figure.legend(
        axes[0].get_lines(), names, loc="outside right center", frameon=False, handlelength=3.2
    )
    seeds = max(history["seed"].nunique() for history in histories.values())
    if seeds > 1:
        spread = "bands" if epochs > 1 else "bars"
        figure.supxlabel(
            f"mean of {seeds} seeds; {spread} from the lowest to the highest",
            color="0.35",
            size=8,
        )
    return figure


def _error_by_epoch(history: pd.DataFrame, column: str) -> pd.DataFrame:
    """Error in percent over the seeds: index epoch, columns mean, min, max."""
    error = 100 * (1 - history[column].astype(float))
    return error.groupby(history["epoch"]).agg(["mean", "min", "max"])


def _draw_curve(panel: Axes, curve: pd.DataFrame, aside: float, look: Style, epochs: int) -> None:
    epoch = curve.index.to_numpy() + aside
    panel.plot(
        epoch,
        curve["mean"],
        color=look.colour,
        linestyle=look.line if epochs > 1 else "",
        linewidth=1.4,
        marker=look.marker,
        markersize=4.5,
        **RIM,
        markevery=max(1, epochs // 12),
    )
    if epochs > 1:
        panel.fill_between(
            epoch, curve["min"], curve["max"], color=look.colour, alpha=0.15, linewidth=0
        )
    else:
        panel.vlines(epoch, curve["min"], curve["max"], color=look.colour, linewidth=1.2)


def accuracy_against_cost(networks: pd.DataFrame, path: str | Path) -> None:
    """Write the test error with its 95 % interval against FLOPs and against training time.

    `networks` has the columns of networks.csv; where an interval is NaN none is drawn, and where a
    cost is NaN the network is left out of that panel.
    """
    save(draw_accuracy_against_cost(networks), path)


@rc_context(LOOK)
def draw_accuracy_against_cost(networks: pd.DataFrame) -> Figure:
    """Return the figure that `accuracy_against_cost` writes."""
    names = networks["network"].tolist()
    baseline = next(iter(networks.loc[networks["baseline"], "network"]), "")
    looks = styles(names, baseline)
    errors = pd.DataFrame(
        {
            "mean": 100 * (1 - networks["test_acc"].astype(float)),
            "low": 100 * (1 - networks["test_acc_high"].astype(float)),
            "high": 100 * (1 - networks["test_acc_low"].astype(float)),
        }
    )
    floor = _floor(errors["mean"].to_numpy())
    drawn = errors.clip(lower=floor, upper=100)
    costs = {
        "flops": ("Test error against compute", "FLOPs per image", EngFormatter()),
        "seconds_per_epoch": (
            "Test error against training time",
            "measured training time per epoch (s)",
            PLAIN,
        ),
    }

    figure = Figure(figsize=(9.4, 4.2), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    log_axis(axes[0].yaxis, drawn.to_numpy().ravel(), PLAIN)
    for panel, (column, (title, label, formatter)) in zip(axes, costs.items(), strict=True):
        cost = networks[column].astype(float)
        log_axis(panel.xaxis, cost.to_numpy(), formatter)
        panel.set_title(title, loc="left")
        panel.set_xlabel(label)
        for x, error, (name, look) in zip(cost, drawn.itertuples(), looks.items(), strict=True):
            label = f"{name} (baseline)" if name == baseline else name
            panel.plot(
                x, error.mean, look.marker, color=look.colour, label=label, markersize=7, **RIM,
                zorder=3,
            )  # fmt: skip
            panel.vlines(x, error.low, error.high, color=look.colour, linewidth=1.4)
    measure = "test error (%)"
    if errors["low"].notna().any():
        measure += ", with its 95 % interval"
    axes[0].set_ylabel(_error_label(measure, errors["mean"].to_numpy(), floor))

    figure.get_layout_engine().set(wspace=0.06)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right", frameon=False)
    return figure


def confusion(
    confusion: np.ndarray, class_names: Sequence[str], network: str, path: str | Path
) -> None:
    """Write the confusion matrix of one network, int64 [K, K], rows true, columns predicted.

    The colour is the share of the row's images, off the diagonal alone: the errors are what is to
    be seen, and on the diagonal they would drown. The recall of each class stands at the right.
    """
    save(draw_confusion(confusion, class_names, network), path)


@rc_context({**LOOK, "axes.grid": False})
def draw_confusion(confusion: np.ndarray, class_names: Sequence[str], network: str) -> Figure:
    """Return the figure that `confusion` writes."""
    classes = len(class_names)
    images = confusion.sum(axis=1)
    share = 100 * confusion / np.where(images > 0, images, np.nan)[:, None]
    errors = np.ma.masked_invalid(np.where(np.eye(classes, dtype=bool), np.nan, share))
    most = float(errors.max()) if errors.count() and errors.max() > 0 else 1.0

    side = 0.52 * classes
    longest = max(map(len, class_names))
    figure = Figure(
        figsize=(side + 1.6 + 0.08 * longest, side + 1.4 + 0.05 * longest), layout="constrained"
    )
    axes = figure.subplots()
    axes.set_facecolor("0.93")
    image = axes.imshow(errors, cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=most))
    for row, column in np.ndindex(classes, classes):
        count, filled = confusion[row, column], image.norm(errors.filled(0)[row, column])
        colour = "white" if filled > 0.6 else "0.7" if count == 0 else "black"
        axes.text(column, row, f"{count:,}", ha="center", va="center", size=8, color=colour)
    for row in range(classes):
        recall = f"{share[row, row]:.1f} %" if images[row] else "-"
        axes.text(classes - 0.3, row, recall, ha="left", va="center", size=8)
    axes.text(classes - 0.3, -0.6, "recall", ha="left", va="bottom", size=8, weight="bold")

    ticks = range(classes)
    axes.set_yticks(ticks, class_names)
    axes.set_xticks(ticks, class_names, **({"rotation": 40, "ha": "right"} if longest > 3 else {}))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    wrong, total = int(confusion.sum() - np.trace(confusion)), int(confusion.sum())
    axes.set_title(
        f"{network}: {wrong:,} of {total:,} test predictions are wrong"
        f" ({100 * wrong / max(total, 1):.2f} %)",
        loc="left",
        pad=22,
    )
    figure.colorbar(
        image,
        ax=axes,
        location="bottom",
        shrink=0.6,
        aspect=35,
        ticks=[0, *steps_between(most / 25, most)],
        format=StrMethodFormatter("{x:g} %"),
        label="share of the true class's images, errors only (square-root scale)",
    )
    return figure


def _floor(errors: np.ndarray) -> float:
    """Where an error of 0 is drawn on a logarithmic axis: half the smallest error above 0."""
    some = errors[np.isfinite(errors) & (errors > NO_ERROR)]
    return some.min() / 2 if some.size else 0.005


def _error_label(label: str, errors: np.ndarray, floor: float) -> str:
    """The axis label, which owns up to the zeros that a logarithmic axis cannot show."""
    return f"{label}; 0 drawn at {floor:.2g}" if (errors <= NO_ERROR).any() else label
