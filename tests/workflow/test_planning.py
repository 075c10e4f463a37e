"""What a dry run plans after a finished study: what depends on a change, and nothing else."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from tiny_study import NETWORKS, OVERLAY, Study

from blocklab.report.figures.catalogue import FIGURES

pytestmark = pytest.mark.workflow

BLOCKS = "workflow/blocklab/networks/blocks"
SUMMARY = "Write results/tiny/summary.md"
REPORT = "Write results/tiny/report.html"
TIMELINE = "Draw timeline of the jobs"
DRAWN = {f"Draw {figure.title}" for figure in FIGURES.values()}
COMPARE = {"Compare explanations"}
STRUCTURE = {"Draw structure of every network"}
OF_EXPLANATIONS = {"explanation", "agreement", "perturbation"}
EXPLAINED = {f"Draw {f.title}" for f in FIGURES.values() if OF_EXPLANATIONS & {*f.reads}}
EXPLAINED |= COMPARE | {TIMELINE, SUMMARY, REPORT}
GATHER = {"Aggregate all runs", SUMMARY, REPORT, *COMPARE, *DRAWN}
EVERYTHING = ("Train", "Evaluate", "Explain", "Track")
CHANGED_VGG = [{"conv": {"out": 4}}, {"maxpool": 4}, "flatten", {"linear": {"out": "classes"}}]


def jobs(stages: tuple[str, ...], *networks: str) -> set[str]:
    return {f"{stage} {network}, seed 0" for stage in stages for network in networks}


def test_a_finished_study_has_nothing_to_do_and_says_so_without_importing_torch(finished: Study):
    done = finished.snakemake("all", "vgg", "-n", PYTHONPROFILEIMPORTTIME="1")
    assert "Nothing to be done" in done.stdout
    imported = set(re.findall(r"^import time:.*\| +(\S+)$", done.stdout, re.MULTILINE))
    assert "blocklab.study.plan" in imported
    assert "torch" not in imported


def touch_sources(study: Study) -> None:
    for path in study.folder.rglob("*"):
        if not {"results", ".snakemake"} & set(path.relative_to(study.folder).parts):
            os.utime(path)


def touch_results(study: Study) -> None:
    # In this order the data end up newer than all that was made from them.
    for path in sorted(study.results.rglob("*"), reverse=True):
        os.utime(path)


def reorder_keys(study: Study) -> None:
    for file in ("config.yaml", OVERLAY):
        path = study.folder / file
        given = yaml.safe_load(path.read_text("utf-8"))
        reordered = _reversed(given) | {
            "networks": {name: _reversed(part) for name, part in given["networks"].items()}
        }
        path.write_text(yaml.safe_dump(reordered, sort_keys=False), "utf-8")


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reversed(part) for key, part in reversed(value.items())}
    return [_reversed(part) for part in value] if isinstance(value, list) else value


def comment(study: Study) -> None:
    study.edit("config.yaml", "\noutdir:", "\n# a comment\noutdir:")
    study.edit("workflow/scripts/train.py", "import os\n", "import os  # a comment\n")
    study.edit(f"{BLOCKS}/bottleneck.py", '"""Two conv', '"""Another docstring: two conv')
    study.edit("workflow/blocklab/training/loop.py", "\ndef train(", "\n# a comment\ndef train(")


def edit_an_unused_block(study: Study) -> None:
    append_code(study, f"{BLOCKS}/transformer.py")


def append_code(study: Study, file: str) -> None:
    with (study.folder / file).open("a", encoding="utf-8") as source:
        source.write("\nEDITED = True\n")


def spell_the_output_folder_otherwise(study: Study) -> None:
    study.configure({"outdir": "./results//tiny/"})


@pytest.mark.parametrize(
    "changes",
    [
        (touch_results, touch_sources),
        (reorder_keys, comment, edit_an_unused_block, spell_the_output_folder_otherwise),
    ],
    ids=["times", "contents"],
)
def test_what_changes_nothing_plans_nothing(study: Study, changes: Sequence[Callable]):
    for change in changes:
        change(study)
    assert study.plan() == set()


# Changes are tried together where what each of them plans can be told apart.
CHANGES = {
    "one network other, one more, explanation steps, tracking mode": (
        {
            "networks": {
                "vgg": {"layers": CHANGED_VGG},
                "tiny": {"batch_size": 50, "layers": CHANGED_VGG},
            },
            "explanation": {"steps": 5},
            "tracking": {"mode": "online"},
        },
        jobs(EVERYTHING, "vgg", "tiny")
        | jobs(("Explain", "Track"), *NETWORKS)
        | GATHER
        | STRUCTURE,
    ),
    "epochs, more seeds": (
        {"training": {"epochs": 3}, "seeds": {"count": 2, "per_job": 1}},
        {
            job.replace("seed 0", seed)
            for job in jobs(EVERYTHING, *NETWORKS)
            for seed in ("seed 0", "seed 1")
        }
        | GATHER,
    ),
    "image size": (
        {"dataset": {"input_size": 28}},
        jobs(EVERYTHING, *NETWORKS) | GATHER | STRUCTURE | {"Prepare mnist"},
    ),
    "where the data comes from, tracking off": (
        {"dataset": {"source": "cache"}, "tracking": {"mode": "disabled"}},
        {SUMMARY, REPORT},
    ),
    "one network less": ({"networks": {"vgg": None}}, GATHER | STRUCTURE),
    "another baseline": ({"baseline": "csp"}, GATHER),
}


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=CHANGES)
def test_a_changed_setting_plans_what_depends_on_it(
    study: Study, change: dict[str, Any], expected: set[str]
):
    study.configure(change)
    assert study.plan() == expected


EDITS = {
    # csp.py builds on bottleneck.py; nothing in vgg or exp3 does.
    f"{BLOCKS}/bottleneck.py": jobs(EVERYTHING, "csp") | GATHER,
    "workflow/blocklab/explanation/methods/integrated_gradients.py": jobs(
        ("Explain", "Track"), *NETWORKS
    )
    | EXPLAINED,
    "workflow/blocklab/jobs/trackers/wandb.py": jobs(("Track",), *NETWORKS),
    # The tracker is shown every network's.
    "workflow/blocklab/report/figures/heatmaps_all.py": jobs(("Track",), *NETWORKS)
    | {f"Draw {FIGURES['heatmaps_all'].title}", TIMELINE, SUMMARY, REPORT},
}


@pytest.mark.parametrize(("file", "expected"), EDITS.items(), ids=map(str, EDITS))
def test_edited_code_plans_what_runs_it(study: Study, file: str, expected: set[str]):
    """What rules load by name; every module has its turn in unit/study."""
    append_code(study, file)
    assert study.plan() == expected


def test_another_figure_is_a_module_a_line_and_a_caption(study: Study):
    folder = "workflow/blocklab/report/figures"
    module = (study.folder / folder / "recall.py").read_text(encoding="utf-8")
    (study.folder / folder / "toy.py").write_text(module, encoding="utf-8")
    reads = '("networks", "confusion", "manifest")'
    entry = f'FIGURES = {{\n    "toy": Entry("a toy", {reads}),\n'
    study.edit(f"{folder}/catalogue.py", "FIGURES = {\n", entry)
    (study.folder / "workflow" / "report" / "toy.rst").write_text("A toy.", encoding="utf-8")
    assert study.plan() == {"Draw a toy", TIMELINE, SUMMARY, REPORT}
    study.run()
    figures = study.results / "figures"
    assert (figures / "toy.png").read_bytes() == (figures / "recall.png").read_bytes()
    assert "](figures/toy.png)" in (study.results / "summary.md").read_text(encoding="utf-8")


def test_reordered_networks_draw_again_but_train_nothing(study: Study):
    path: Path = study.folder / OVERLAY
    overlay = yaml.safe_load(path.read_text("utf-8"))
    overlay["networks"] = dict(reversed(overlay["networks"].items()))
    path.write_text(yaml.safe_dump(overlay, sort_keys=False), "utf-8")
    assert study.plan() == GATHER | STRUCTURE
