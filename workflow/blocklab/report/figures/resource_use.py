"""What every training used from its beginning to its end, of the processor and of a GPU."""

from collections.abc import Mapping

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from blocklab.report.figures.style import LOOK, styles

MEBI = 2**20
# Title, unit and factor by column of samples.csv, the GPU's first.
PANELS = {
    "gpu_utilisation_percent": ("GPU utilisation", "%", 1),
    "gpu_memory_access_percent": ("GPU memory access", "%", 1),
    "gpu_allocated_bytes": ("allocated GPU memory", "MiB", 1 / MEBI),
    "cpu_percent": ("processor use", "% of a core", 1),
    "memory_bytes": ("process memory", "MiB", 1 / MEBI),
}


@rc_context(LOOK)
def draw(samples: Mapping[str, pd.DataFrame], networks: pd.DataFrame) -> Figure:
    """Return a row of panels per network, one for each quantity that was sampled, with its mean.

    Times differ by factors from network to network, so every row spans its own training. A GPU's
    panels are there where a training ran on one; scales are the same down a column.

    Args:
        samples: by network, the columns of samples.csv.
        networks: of networks.csv the columns network and baseline, in the study's order.
    """
    # A line needs two samples.
    samples = {name: table for name, table in samples.items() if len(table) > 1}
    columns = [
        name for name in PANELS if any(name in t and t[name].any() for t in samples.values())
    ]
    if not columns:
        figure = Figure(figsize=(8.6, 1.3))
        reason = "no training took long enough to be sampled"
        figure.text(0.5, 0.5, reason, ha="center", va="center")
        return figure
    looks = {name: look for name, look in styles(networks).items() if name in samples}
    figure = Figure(
        figsize=(1.6 + max(2.2, 6.6 / len(columns)) * len(columns), 0.8 + 0.7 * len(looks)),
        layout="constrained",
    )
    axes = figure.subplots(len(looks), len(columns), sharex=True, sharey="col", squeeze=False)
    for panel, (network, look) in zip(axes[:, 0], looks.items(), strict=True):
        seconds = samples[network]["seconds"].iloc[-1]
        lasted = f"{seconds:.1f} s" if seconds < 10 else f"{seconds:,.0f} s"
        panel.set_ylabel(f"{look.label}\n{lasted}", rotation=0, ha="right", va="center")
    for panels, name in zip(axes.T, columns, strict=True):
        title, unit, factor = PANELS[name]
        panels[0].set_title(f"{title} ({unit})", loc="left", size=9)
        tables = [samples[network].reindex(columns=["seconds", name]) for network in looks]
        top = max(factor * table[name].max() for table in tables if table[name].any())
        top = 1.05 * max(top, 100 if unit.startswith("%") else 0)
        panels[0].set(xlim=(0, 100), ylim=(0, top))
        for panel, table, look in zip(panels, tables, looks.values(), strict=True):
            share = 100 * table["seconds"] / table["seconds"].iloc[-1]
            values = factor * table[name]
            panel.plot(share, values, color=look.colour, linewidth=0.9)
            panel.fill_between(share, values, color=look.colour, alpha=0.15, linewidth=0)
            mean = values.mean()
            text = f"mean {mean:,.0f} {unit.split()[0]}" if pd.notna(mean) else "not known"
            place = {"y": 0.06, "va": "bottom"} if mean > top / 2 else {"y": 0.94, "va": "top"}
            panel.text(
                0.99, s=text, ha="right", size=7.5, color="0.25", transform=panel.transAxes,
                bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1}, **place,
            )  # fmt: skip
    figure.supxlabel("share of the training's time (%)", size=8.5)
    return figure
