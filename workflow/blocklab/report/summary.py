"""The summary as Markdown: tables and sentences from the study's files, put into one template."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from blocklab.explanation.ink import on_black
from blocklab.report.findings import conclusion, highest_costs, oddities, standing
from blocklab.report.homework import compare
from blocklab.report.layers import by_value, differences, layer_table
from blocklab.report.statistics import BOOTSTRAP_SEEDS
from blocklab.report.study_files import Study
from blocklab.report.words import DASH, count, interval, join, literal, p_text, percent
from blocklab.study.overlay import command

COSTS = {
    "seconds_per_epoch": "time per epoch",
    "peak_memory_bytes": "process memory",
    "gpu_memory_access_percent": "GPU memory-access time",
    "gpu_allocated_bytes": "allocated GPU memory",
    "gpu_utilisation_percent": "GPU utilisation",
}
# Counted, not measured: the same whenever the study runs.
SIZES = {"parameters": "parameters", "flops": "FLOPs", "bytes_moved": "memory traffic"}


def render(study: Study, template: Path) -> str:
    """Return the summary as Markdown."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["literal"] = literal
    networks, config, sizes = study.networks, study.config, study.manifest["sizes"]
    class_names = study.manifest["class_names"]
    page = environment.get_template(template.name).render(
        config=config,
        sizes=sizes,
        manifest=study.manifest,
        figures=study.figures,
        command=_command(study),
        count=count,
        join=join,
        batches=by_value({name: str(n["batch_size"]) for name, n in config["networks"].items()}),
        differences=differences(config["networks"], study.layers),
        layers={
            name: _markdown(layer_table(study.layers[name]))
            for name in config["networks"]
            if study.layers.get(name)
        },
        data=study.data,
        channels=study.manifest["channels"],
        on_black=on_black(study.explanations["ink"].iloc[0]),
        ink=percent(study.explanations["ink"].iloc[0], 0),
        missing=study.missing,
        best=networks.loc[networks["best"], "network"].iloc[0],
        baseline=config["baseline"],
        seeds=int(networks["seeds"].iloc[0]),
        bootstrap_seeds=BOOTSTRAP_SEEDS,
        conclusion=conclusion(networks, config, sizes),
        homework=compare(study.homework, networks, config, sizes),
        markdown=_markdown,
        ranking=_markdown(_ranking(networks, class_names)),
        distinct_pixels=_distinct_pixels(study),
        resources=_markdown(_resources(networks)),
        highest=highest_costs(networks, COSTS),
        standing=standing(networks, SIZES),
        explanations=_markdown(_explanations(study.explanations)),
        oddities=oddities(networks, config["training"]["loss"], class_names),
        cards=_cards(study),
        method_name=config["explanation"]["method"].replace("_", " ").title(),
        provenance=study.provenance,
    )
    # A figure that the template has no place for still is one of the study.
    unplaced = (path for path in study.figures.values() if f"]({path})" not in page)
    return page + "".join(f"\n![{Path(path).stem}]({path})\n" for path in unplaced)


def _markdown(table: pd.DataFrame) -> str:
    """Return a Markdown table without the columns that hold nothing but dashes."""
    table = table.loc[:, (table != DASH).any()]
    return table.to_markdown(index=False, disable_numparse=True)


def _ranking(networks: pd.DataFrame, class_names: Sequence[str]) -> pd.DataFrame:
    order = ["validation_acc", "test_acc"]
    ranked = networks.sort_values(order, ascending=False, kind="stable")
    recall = ranked.filter(regex=r"^recall_\d+$")
    return pd.DataFrame(
        {
            "network": [
                f"**{row['network']}**" if row["best"] else row["network"]
                for _, row in ranked.iterrows()
            ],
            "validation acc": [interval(row, "validation_acc") for _, row in ranked.iterrows()],
            "test acc (95 % interval)": [interval(row, "test_acc") for _, row in ranked.iterrows()],
            **_spread(ranked),
            "p against best": [DASH if pd.isna(p) else p_text(p) for p in ranked["p_value"]],
            "test cross-entropy (nats)": ranked["test_cross_entropy"].map("{:.4f}".format),
            "lowest recall": [
                f"{percent(worst, 1)} ({literal(class_names[int(column.removeprefix('recall_'))])})"
                for worst, column in zip(recall.min(axis=1), recall.idxmin(axis=1), strict=True)
            ],
            "parameters": ranked["parameters"].map("{:,.0f}".format),
            "MFLOPs": (ranked["flops"] / 1e6).map("{:.2f}".format),
            "activations": ranked["activations"].map("{:,.0f}".format),
            "memory traffic (MB)": (ranked["bytes_moved"] / 1e6).map("{:.2f}".format),
        }
    )


def _spread(ranked: pd.DataFrame) -> dict[str, list[str]]:
    """Return the columns that several seeds make possible; none for one seed."""
    if (ranked["seeds"] == 1).all():
        return {}
    return {
        "sd over seeds": [percent(sd) for sd in ranked["test_acc_sd"]],
        "against best, points (95 % interval)": [
            DASH
            if pd.isna(row["difference_low"])
            else f"{100 * row['difference']:+.2f} ({100 * row['difference_low']:+.2f} to "
            f"{100 * row['difference_high']:+.2f})"
            for _, row in ranked.iterrows()
        ],
    }


def _resources(networks: pd.DataFrame) -> pd.DataFrame:
    mebi = 2**20
    columns = {
        "s per epoch": ("seconds_per_epoch", 1, "{:.2f}"),
        "µs per image": ("seconds_per_image", 1e6, "{:.1f}"),
        "job wall time (s)": ("wall_seconds", 1, "{:.1f}"),
        "CPU time (s)": ("cpu_seconds", 1, "{:.1f}"),
        "peak memory (MiB)": ("peak_memory_bytes", 1 / mebi, "{:.0f}"),
        "GPU use (%)": ("gpu_utilisation_percent", 1, "{:.0f}"),
        "GPU memory access (%)": ("gpu_memory_access_percent", 1, "{:.0f}"),
        "GPU allocated (MiB)": ("gpu_allocated_bytes", 1 / mebi, "{:.0f}"),
        "GPU reserved (MiB)": ("gpu_reserved_bytes", 1 / mebi, "{:.0f}"),
        "GPU samples": ("gpu_samples", 1, "{:.0f}"),
    }
    table = {"network": networks["network"]}
    for title, (name, factor, form) in columns.items():
        table[title] = [_number(value * factor, form) for value in networks[name].astype(float)]
    return pd.DataFrame(table)


def _number(value: float, form: str) -> str:
    return DASH if pd.isna(value) else form.format(value)


def _explanations(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "network": table["network"],
            "images": table["images"].map("{:,}".format),
            "median error of completeness": table["completeness_error"].map(percent),
            "agreement with the baseline": [_number(x, "{:+z.2f}") for x in table["agreement"]],
            "the same, untrained": [_number(x, "{:+z.2f}") for x in table["agreement_untrained"]],
        }
    )


def _distinct_pixels(study: Study) -> list[str]:
    """Return the networks that begin with attention, which then runs over distinct grey values."""
    return [
        name
        for name, network in study.config["networks"].items()
        if "transformer_block" in network["layers"][0] and study.manifest["channels"] == 1
    ]


def _cards(study: Study) -> list[dict[str, Any]]:
    """Return the cards of the study's networks, each with those it is of, and the method's card."""
    users: dict[str, list[str]] = {}
    for name, network in study.config["networks"].items():
        if network["card"]:
            users.setdefault(network["card"], []).append(name)
    cards = [study.cards[card] | {"networks": networks} for card, networks in users.items()]
    method = study.config["explanation"]["method"]
    return [*cards, study.cards[method]] if method in study.cards else cards


def _command(study: Study) -> str:
    """Return the command that runs the study again, on a processor if that is what it ran on."""
    gpu = int((study.networks["device"] != "cpu").any())
    return command(Path(study.config["outdir"]) / "config.yaml", gpu)
