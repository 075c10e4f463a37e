"""results/summary.md: tables and sentences from the study's files, put into one template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
import yaml

from blocklab.data.manifest import read_manifest
from blocklab.evaluation.metrics import collect_confusions
from blocklab.report.findings import (
    DASH,
    answer,
    count,
    highest_costs,
    interval,
    oddities,
    p_text,
    percent,
)
from blocklab.report.homework import compare
from blocklab.report.origin import made_by
from blocklab.report.statistics import BOOTSTRAP_SEEDS, ink_correlation

COSTS = {
    "seconds_per_epoch": "time per epoch",
    "peak_memory_bytes": "process memory",
    "gpu_memory_access_percent": "GPU memory-access time",
    "gpu_allocated_bytes": "allocated GPU memory",
    "gpu_utilisation_percent": "GPU utilisation",
}


@dataclass(frozen=True)
class Study:
    """The files that a summary is made from; run folders by network, in the study's order."""

    config: dict[str, Any]
    networks: pd.DataFrame
    manifest: dict[str, Any]
    folders: Mapping[str, Sequence[Path]]
    homework: pd.DataFrame
    cards: Mapping[str, dict[str, Any]]
    figures: Mapping[str, str]
    options: str
    missing: Sequence[str] = ()

    @classmethod
    def read(
        cls,
        config: dict[str, Any],
        networks: Path,
        manifest: Path,
        folders: Mapping[str, Sequence[Path]],
        homework: Path,
        cards: Path,
        figures: Mapping[str, str],
        options: str,
        missing: Sequence[str] = (),
    ) -> "Study":
        """Read what the summary needs.

        figures: paths relative to the summary, by name.
        options: of Snakemake's command line, what chooses this study's config.
        missing: networks of the study that have no results.
        """
        return cls(
            config,
            pd.read_csv(networks),
            read_manifest(manifest),
            folders,
            pd.read_csv(homework),
            {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in cards.glob("*.yaml")},
            figures,
            options,
            missing,
        )


def render(study: Study, template: Path) -> str:
    """Return the summary as Markdown."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    sizes = study.manifest["sizes"]
    networks = study.networks
    confusions = {name: collect_confusions(folders) for name, folders in study.folders.items()}
    loss = study.config["training"]["loss"]
    page = environment.get_template(template.name).render(
        config=study.config,
        sizes=sizes,
        manifest=study.manifest,
        figures=study.figures,
        command=_command(study),
        count=count,
        missing=study.missing,
        best=networks.loc[networks["best"], "network"].iloc[0],
        baseline=study.config["baseline"],
        seeds=int(networks["seeds"].iloc[0]),
        bootstrap_seeds=BOOTSTRAP_SEEDS,
        answer=answer(networks, study.config, sizes),
        homework=compare(study.homework, networks, study.config, sizes),
        markdown=_markdown,
        ranking=_markdown(_ranking(networks, study.manifest["class_names"])),
        distinct_pixels=_distinct_pixels(study),
        resources=_markdown(_resources(networks)),
        highest=highest_costs(networks, COSTS),
        explanations=_markdown(_explanations(study)),
        oddities=oddities(networks, confusions, loss, study.manifest["class_names"]),
        cards=_cards(study),
        method=study.cards["integrated_gradients"],
        provenance=made_by(study.folders),
    )
    # A figure that the template has no place for still is one of the study.
    unplaced = (path for path in study.figures.values() if f"]({path})" not in page)
    return page + "".join(f"\n![{Path(path).stem}]({path})\n" for path in unplaced)


def _markdown(table: pd.DataFrame) -> str:
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
                f"{percent(worst, 1)} ({class_names[int(column.removeprefix('recall_'))]})"
                for worst, column in zip(recall.min(axis=1), recall.idxmin(axis=1), strict=True)
            ],
            "parameters": ranked["parameters"].map("{:,.0f}".format),
            "MFLOPs": (ranked["flops"] / 1e6).map("{:.2f}".format),
            "activations": ranked["activations"].map("{:,.0f}".format),
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


def _explanations(study: Study) -> pd.DataFrame:
    """Return how complete every network's attributions are and how they agree with the baseline.

    The first seed of the study is compared; the last column is the same agreement between the
    networks before training, below which an agreement says nothing.
    """
    files = {
        name: np.load(folders[0] / "attributions.npz") for name, folders in study.folders.items()
    }
    reference = files[study.config["baseline"]]
    gallery = int(reference["gallery"])
    rows = []
    for name, file in files.items():
        missing = np.abs(file["delta"][0])
        # captum's delta is the sum of attributions minus the change of the target.
        change = np.abs(file["attributions"][0].sum(axis=(1, 2, 3)) - file["delta"][0])
        same = name == study.config["baseline"]
        trained = ink_correlation(
            file["attributions"][0], reference["attributions"][0], reference["images"]
        )
        untrained = ink_correlation(
            file["untrained"][0], reference["untrained"][0], reference["images"][:gallery]
        )
        rows.append(
            {
                "network": name,
                "images": f"{len(missing):,}",
                "median error of completeness": percent(np.median(missing / change)),
                "agreement with the baseline": DASH if same else _number(trained, "{:+.2f}"),
                "the same, untrained": DASH if same else _number(untrained, "{:+.2f}"),
            }
        )
    return pd.DataFrame(rows)


def _distinct_pixels(study: Study) -> list[str]:
    """Return the networks whose attention ran over distinct pixel values, as it does on a CPU."""
    devices = study.networks.set_index("network")["device"]
    return [
        name
        for name, network in study.config["networks"].items()
        if devices[name] == "cpu"
        and any("transformer_block" in layer for layer in network["layers"])
    ]


def _cards(study: Study) -> list[dict[str, Any]]:
    """Return the cards of the study's networks, in order, each with the networks it is of."""
    users: dict[str, list[str]] = {}
    for name, network in study.config["networks"].items():
        if network["card"]:
            users.setdefault(network["card"], []).append(name)
    return [study.cards[card] | {"networks": networks} for card, networks in users.items()]


def _command(study: Study) -> str:
    """Return the command that runs the study again, on a processor if that is what it ran on."""
    gpu = int((study.networks["device"] != "cpu").any())
    return f"snakemake --cores 4 --resources gpu={gpu} {study.options}".strip()
