"""A study that nobody ran, for tests of what the summary says."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import yaml
from made_up_explanations import made_agreement, made_baselines, made_explanations

from blocklab.report.figures import catalogue
from blocklab.report.study_files import Study
from blocklab.report.summary import render
from blocklab.report.votes import COLUMNS

WORKFLOW = Path(__file__).parents[3] / "workflow"
FIGURES = [*catalogue.FIGURES, "without_a_place_in_the_template"]
CARDS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in (WORKFLOW / "cards").glob("*.yaml")
}
PROVENANCE = {
    "commit": ["0123456789ab"],
    "dirty": [False],
    "device": ["A Processor"],
    "cores": [2],
    "threads": [1],
    "arithmetic": ["float32"],
    "platform": ["Linux-6.1"],
    "versions": ["python 3.11.7, torch 2.14.1"],
    "digest": "0123456789abcdef",
    "differing_conditions": [],
    "resumed": [],
}


def listed(*rows: tuple) -> list[dict]:
    """Return layers as listed: name, shape, and what else is told of one."""
    plain = {"repeat": 1, "parameters": 0, "activations": []}
    return [{"layer": name, "shape": shape} | plain | more for name, shape, more in rows]


LAYERS = {
    "exp3": listed(
        ("input", [1, 32, 32], {}),
        ("conv 8", [8, 32, 32], {"repeat": 2, "parameters": 1200, "activations": ["relu"]}),
        ("maxpool 2", [8, 16, 16], {"repeat": 2}),
        ("flatten", [2048], {}),
        ("linear 10", [10], {"parameters": 20490}),
    ),
}
LAYERS |= {"vgg": LAYERS["exp3"], "csp": LAYERS["exp3"]}


def made_runs(networks: pd.DataFrame) -> pd.DataFrame:
    """Return runs.csv: seeds a hundredth apart around the mean of their network."""
    rows = [
        {"network": row["network"], "seed": seed}
        | {"test_acc": row["test_acc"] + 0.01 * (seed - (row["seeds"] - 1) / 2)}
        | {"validation_acc": row["validation_acc"]}
        for _, row in networks.iterrows()
        for seed in range(int(row["seeds"]))
    ]
    return pd.DataFrame(rows)


def made_histories(networks: pd.DataFrame) -> pd.DataFrame:
    """Return histories.csv of three epochs, the last of which is the best."""
    rows = [
        {"network": row["network"], "seed": seed, "epoch": epoch}
        | {"validation_acc": row["validation_acc"] - 0.01 * (3 - epoch)}
        for _, row in networks.iterrows()
        for seed in range(int(row["seeds"]))
        for epoch in (1, 2, 3)
    ]
    return pd.DataFrame(rows)


def made_confusion(networks: pd.DataFrame, classes: int = 10) -> pd.DataFrame:
    """Return confusion.csv of 100 test images per class, 90 of which are recognised."""
    rows = [
        {"network": row["network"], "true_class": true, "predicted_class": predicted}
        | {"images": int(row["seeds"]) * {true: 90, (true + 1) % classes: 10}.get(predicted, 0)}
        for _, row in networks.iterrows()
        for true in range(classes)
        for predicted in range(classes)
    ]
    return pd.DataFrame(rows)


class Made:
    """A made-up study, to change before the summary is rendered."""

    def __init__(self, config: dict, networks: pd.DataFrame) -> None:
        self.config, self.networks = config, networks
        config["networks"] = {name: config["networks"][name] for name in networks["network"]}
        self.sizes = {"training": 4000, "validation": 1000, "test": 1000}
        self.runs = made_runs(networks)
        self.histories = made_histories(networks)
        self.confusion = made_confusion(networks)
        self.votes = pd.DataFrame(columns=COLUMNS)
        self.provenance = dict(PROVENANCE)
        self.explanations, self.agreement = made_explanations(), made_agreement()
        self.baselines = made_baselines()
        self.layers = dict(LAYERS)
        self.cards = dict(CARDS)
        self.channels = 1
        self.class_names = [str(label) for label in range(10)]

    def render(self, missing: Sequence[str] = ()) -> str:
        manifest = {
            "name": self.config["dataset"]["name"],
            "source": "npm",
            "sha256": "f" * 64,
            "sizes": self.sizes,
            "channels": self.channels,
            "class_names": self.class_names,
        }
        study = Study(
            config=self.config,
            data=self.config["dataset"]["name"],
            networks=self.networks,
            runs=self.runs,
            histories=self.histories,
            confusion=self.confusion,
            votes=self.votes,
            explanations=self.explanations,
            provenance=self.provenance,
            manifest=manifest,
            homework=pd.read_csv(WORKFLOW / "report" / "homework.csv"),
            layers=self.layers,
            cards=self.cards,
            agreement=self.agreement,
            baselines=self.baselines,
            figures={name: f"figures/{name}.png" for name in FIGURES},
            structures={},
            missing=missing,
        )
        return render(study, WORKFLOW / "report" / "summary.md.jinja")


def section(text: str, title: str) -> str:
    """Return what a page says under a heading of the second level."""
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text: str) -> dict[str, list[str]]:
    """Return the cells of a Markdown table by the first one of their row."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines}
