"""What a page is made from: the files of a study, read once."""

import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from blocklab.data.manifest import read_manifest
from blocklab.report.aggregation import read_networks
from blocklab.report.layers import Layers
from blocklab.report.shown import without


@dataclass(frozen=True)
class Study:
    """What a page is made from.

    config: of the networks that have results, in the study's order. data: its name. networks,
    runs, histories, confusion, votes, explanations, agreement, baselines, provenance, homework: the
    files of that name. manifest: of the prepared data. layers: as listed, by network; empty where
    no torch was there to tell. cards: by name. figures: paths relative to the page, by name;
    structures: the same of the drawings of networks, and of their blocks as NAME_block. missing:
    networks without results.
    """

    config: dict[str, Any]
    data: str
    networks: pd.DataFrame
    runs: pd.DataFrame
    histories: pd.DataFrame
    confusion: pd.DataFrame
    votes: pd.DataFrame
    explanations: pd.DataFrame
    agreement: pd.DataFrame
    baselines: pd.DataFrame
    provenance: dict[str, Any]
    manifest: dict[str, Any]
    homework: pd.DataFrame
    layers: Layers
    cards: Mapping[str, dict[str, Any]]
    figures: Mapping[str, str]
    structures: Mapping[str, str]
    missing: Sequence[str]

    def without(self, hidden: Collection[str]) -> "Study":
        """Return the study without these networks in its config, layers and tables."""
        tables = ("networks", "runs", "histories", "confusion", "explanations", "agreement")
        networks = self.config["networks"].items()
        kept = {name: network for name, network in networks if name not in hidden}
        return replace(
            self,
            config=self.config | {"networks": kept},
            layers={name: layers for name, layers in self.layers.items() if name not in hidden},
            **{name: without(getattr(self, name), hidden) for name in tables},
        )


TABLES = (
    "runs", "histories", "confusion", "votes", "explanations", "agreement", "baselines", "homework",
)  # fmt: skip


def read_study(files: Any, values: Any, folder: Path) -> Study:
    """Return the study of a rule that has STUDY_FILES as input and STUDY_VALUES as params.

    folder: where the page is to be, which paths of figures are relative to.
    """
    settings = json.loads(values.settings)
    # JSON text has lost the order of networks, which is that of the tables.
    settings["networks"] = {name: settings["networks"][name] for name in values.networks}
    return Study(
        config=settings,
        data=values.data,
        networks=read_networks(files.networks),
        provenance=json.loads(Path(files.provenance).read_text(encoding="utf-8")),
        manifest=read_manifest(files.manifest),
        layers=json.loads(values.layers),
        cards={
            Path(card).stem: yaml.safe_load(Path(card).read_text(encoding="utf-8"))
            for card in files.cards
        },
        figures=_relative(files.figures, folder),
        structures=_relative(files.structures, folder),
        missing=values.missing,
        **{name: pd.read_csv(files[name]) for name in TABLES},
    )


def _relative(paths: Iterable[str], folder: Path) -> dict[str, str]:
    return {Path(path).stem: os.path.relpath(path, folder) for path in paths}
