"""The summary as Markdown: tables and sentences from the study's files, put into one template."""

import re
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from blocklab.explanation.ink import on_black
from blocklab.report.explanations.section import explained
from blocklab.report.homework import compare
from blocklab.report.layers import differences, layer_table
from blocklab.report.recipes import epochs_in_words, losses, recipes_in_words
from blocklab.report.sentences.conclusions import best_and_why, limits, remains_open
from blocklab.report.sentences.findings import conclusion, highest_costs, oddities, standing
from blocklab.report.sentences.stopping import stopped_low
from blocklab.report.shown import baseline_and_best, hidden_networks
from blocklab.report.statistics import BOOTSTRAP_SEEDS
from blocklab.report.study_files import Study
from blocklab.report.tables.cards import card_table, cards
from blocklab.report.tables.costs import costs
from blocklab.report.tables.ranking import ranking
from blocklab.report.tables.votes import vote_table
from blocklab.report.words import DASH, by_value, count, join, literal, percent
from blocklab.study.overlay import command
from blocklab.study.recipe import training_of

COSTS = {
    "seconds_per_epoch": "time per epoch",
    "peak_memory_bytes": "process memory",
    "gpu_memory_access_percent": "GPU memory-access time",
    "gpu_allocated_bytes": "allocated GPU memory",
    "gpu_utilisation_percent": "GPU utilisation",
}
# Counted, not measured: the same whenever the study runs.
SIZES = {"parameters": "parameters", "flops": "FLOPs", "bytes_moved": "memory traffic"}
# A page that is not to show a figure for its place: it belongs to docs/performance.md.
NOT_SHOWN = frozenset({"timeline"})


def render(study: Study, template: Path) -> str:
    """Return the summary as Markdown: CommonMark, tables, and <details> around what is long."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["literal"] = literal
    hidden = hidden_networks(study.networks)
    part = study.without(hidden)
    page = environment.get_template(template.name).render(
        **_words(study), **_results(study, part), **_explained(part)
    )
    # A figure that the template has no place for still is one of the study.
    unplaced = [
        f"\n![{name}]({path})\n"
        for name, path in study.figures.items()
        if name not in NOT_SHOWN and f"]({path})" not in page
    ]
    # Wherever a figure or a sentence is left out, its empty line stays.
    return re.sub(r"\n{3,}", "\n\n", page + "".join(unplaced))


def _words(study: Study) -> dict[str, Any]:
    """Return what the template says as it is, and what it says it with."""
    networks, config = study.networks, study.config
    baseline, best = baseline_and_best(networks)
    return {
        "config": config,
        "sizes": study.manifest["sizes"],
        "manifest": study.manifest,
        "figures": study.figures,
        "structures": study.structures,
        "command": _command(study),
        "count": count,
        "join": join,
        "markdown": _markdown,
        "data": study.data,
        "missing": study.missing,
        "best": best,
        "baseline": baseline,
        "seeds": int(networks["seeds"].iloc[0]),
        "bootstrap_seeds": BOOTSTRAP_SEEDS,
        "provenance": study.provenance,
        "epochs": epochs_in_words(config),
        "recipes": recipes_in_words(config),
        "batches": by_value({name: str(n["batch_size"]) for name, n in config["networks"].items()}),
    }


def _results(study: Study, part: Study) -> dict[str, Any]:
    """Return sentences of what was trained, and tables of it; `part` has the networks to show."""
    networks, config, sizes = study.networks, study.config, study.manifest["sizes"]
    class_names, chance = study.manifest["class_names"], _chance(study.confusion)
    differing = differences(config, study.layers)
    all_cards = cards(part)
    return {
        "conclusion": conclusion(networks, epochs_in_words(config), sizes, chance),
        "standing": standing(networks, SIZES),
        "differences": differing,
        "why": best_and_why(networks),
        "limits": limits(networks, list(differing), sizes["validation"]),
        "remains_open": remains_open(networks, study.histories),
        "ranking": _markdown(ranking(part.networks, part.runs, class_names)),
        "shown": len(part.networks),
        "whole_ranking": _markdown(ranking(networks, study.runs, class_names))
        if len(part.networks) < len(networks)
        else "",
        "votes": "" if study.votes.empty else _markdown(vote_table(study.votes)),
        "homework": compare(study.homework, networks, study.runs, config, sizes),
        "layers": {
            name: _markdown(layer_table(study.layers[name]))
            for name in part.config["networks"]
            if study.layers.get(name)
        },
        "parameters": networks.set_index("network")["parameters"].to_dict(),
        "oddities": oddities(networks, losses(config), class_names, chance)
        + stopped_low(study.histories, sizes["validation"]),
        "resources": _markdown(costs(part.networks)),
        "highest": highest_costs(networks, COSTS),
        "slow": _slow(networks),
        "distinct_pixels": _distinct_pixels(study),
        "cards": all_cards,
        "card_table": _markdown(card_table(all_cards, study)),
    }


def _explained(study: Study) -> dict[str, Any]:
    """Return tables and sentences of the attributions."""
    ink = study.explanations["ink"].iloc[0]
    return {
        "method_name": study.config["explanation"]["method"].replace("_", " ").title(),
        "channels": study.manifest["channels"],
        "on_black": on_black(ink),
        "ink": percent(ink, 0),
        **explained(study),
    }


def _markdown(table: pd.DataFrame) -> str:
    """Return a Markdown table without the columns that hold nothing but dashes."""
    table = table.loc[:, (table != DASH).any()]
    return table.to_markdown(index=False, disable_numparse=True)


def _chance(confusion: pd.DataFrame) -> float:
    """Return the share of the test images that are of the commonest class."""
    images = confusion.groupby("true_class")["images"].sum()
    return float(images.max() / images.sum())


def _slow(networks: pd.DataFrame) -> str:
    """Return how long an epoch of the best network takes beside the others', in one line."""
    seconds = networks.set_index("network")["seconds_per_epoch"]
    baseline, best = baseline_and_best(networks)
    text = f"An epoch of {best} took {seconds[best]:.1f} s, one of {baseline} "
    text += f"{seconds[baseline]:.1f} s"
    slowest = seconds.idxmax()
    if slowest not in (best, baseline):
        text += f", one of {slowest}, the slowest, {seconds[slowest]:.1f} s"
    return f"{text}."


def _distinct_pixels(study: Study) -> list[str]:
    """Return the networks that begin with attention, if it then runs over distinct grey values."""
    if study.manifest["channels"] != 1:
        return []
    return [
        name
        for name, network in study.config["networks"].items()
        if _takes_equal_pixels_as_one(network["layers"][0])
        # What is distorted has hardly two pixels of one value.
        and not any(training_of(study.config, name)["augmentation"].values())
    ]


def _takes_equal_pixels_as_one(layer: str | dict) -> bool:
    """Tell whether a layer is attention of single pixels that do not know their places."""
    if "transformer_block" not in layer:
        return False
    given = layer["transformer_block"]
    given = given if isinstance(given, dict) else {}
    return given.get("patch", 1) == 1 and given.get("positions") != "learned"


def _command(study: Study) -> str:
    """Return the command that runs the study again, on a processor if that is what it ran on."""
    gpu = int((study.networks["device"] != "cpu").any())
    return command(Path(study.config["outdir"]) / "config.yaml", gpu)
