"""Which jobs run again when a module of the library is edited: a line for every module."""

import shutil
from pathlib import Path

import pytest

from blocklab.files import WORKFLOW
from blocklab.report.figures.catalogue import FIGURES
from blocklab.study.code import stamp

# Which jobs run other code after an edit of a module of the library. Names are scripts; for the
# three jobs of a network they are followed by those networks alone whose blocks it concerns.
NETWORK_JOBS = ("train", "evaluate", "explain")
BLOCKS = {
    "vgg": ("basic", "conv", "pooling"),
    "csp": ("basic", "csp", "pooling"),
    "sppf": ("basic", "conv", "pooling", "spp"),
    "transformer": ("basic", "transformer"),
}
LOADED = {
    "explain": ["explanation.methods.integrated_gradients"],
    "track": ["jobs.trackers.wandb"],
}
EVERY_NETWORK_JOB = {f"{job} {network}" for job in NETWORK_JOBS for network in BLOCKS}
FIGURE_JOBS = {f"figure {name}" for name in FIGURES}
REPORT = {"aggregate", "compare_explanations", "structure", "summary", "report", *FIGURE_JOBS}
PAIR = {"figure heatmaps", "figure heatmaps_small"}
MAPS = PAIR | {"figure heatmaps_all", "figure mean_maps"}

MEASURES = ("baselines", "completeness", "imputation", "pixel_error", "randomisation")
MEASURES += ("relevance_gain", "signs", "smoothness", "ties")


def of(job: str) -> set[str]:
    return {f"{job} {network}" for network in BLOCKS}


def with_block(*networks: str) -> set[str]:
    return {f"{job} {network}" for job in NETWORK_JOBS for network in networks}


EDITS = {
    "errors": set(),
    "files": EVERY_NETWORK_JOB | REPORT | {"prepare_data", "track"},
    "processor": EVERY_NETWORK_JOB,
    "tensors": EVERY_NETWORK_JOB | {"prepare_data"},
    "losses": of("train") | of("evaluate"),
    "trained": set(),
    "data.datasets": {"prepare_data"},
    "data.sources": {"prepare_data"},
    "data.description": {"prepare_data"},
    "data.archives": {"prepare_data"},
    "data.checks": set(),
    "data.raw_images": {"prepare_data"},
    "data.pixels": {"prepare_data"},
    **{f"data.formats.{name}": {"prepare_data"} for name in ("cifar", "folder", "idx", "npz")},
    "data.pictures": {"prepare_data"},
    "data.preparation": {"prepare_data"},
    "data.manifest": {"prepare_data", "summary", "report", "track", *FIGURE_JOBS},
    "data.prepared": EVERY_NETWORK_JOB | {"prepare_data"},
    "networks.network": EVERY_NETWORK_JOB,
    "networks.images": EVERY_NETWORK_JOB,
    "networks.arguments": EVERY_NETWORK_JOB,
    "networks.faults": set(),
    "networks.needs": set(),
    "networks.other_names": set(),
    "networks.alike": with_block("transformer"),
    "networks.complexity": of("evaluate"),
    "networks.listing": set(),
    **{f"networks.structure.{name}": set() for name in ("drawn", "graph", "recording", "words")},
    "networks.weights": EVERY_NETWORK_JOB,
    "networks.kernels.compiled": EVERY_NETWORK_JOB,
    "networks.kernels.attention": with_block("transformer"),
    "networks.kernels.fused": with_block("vgg", "csp", "sppf", "transformer"),
    "networks.blocks.registry": EVERY_NETWORK_JOB,
    "networks.blocks.basic": EVERY_NETWORK_JOB,
    "networks.blocks.conv": EVERY_NETWORK_JOB,
    "networks.blocks.pooling": with_block("vgg", "csp", "sppf"),
    "networks.blocks.bottleneck": with_block("csp"),
    "networks.blocks.csp": with_block("csp"),
    "networks.blocks.spp": with_block("sppf"),
    "networks.blocks.transformer": with_block("transformer"),
    "study.command_line": set(),
    "study.config": set(),
    "study.overlay": {"summary"},
    "study.plan": set(),
    "study.runs": {"figure timeline"},
    "study.targets": set(),
    "study.written_once": set(),
    "study.cards": set(),
    "study.mistakes": set(),
    "study.recipe": {"summary"},
    "study.other_names": set(),
    "study.code": set(),
    "training.loop": of("train"),
    "training.learner": of("train"),
    "training.settings": of("train") | {"summary"},
    "training.optimizers": of("train"),
    "training.schedules": of("train"),
    "training.augmentation": of("train"),
    "training.averaging": of("train"),
    "training.checkpoint": of("train"),
    "evaluation.evaluation": of("evaluate"),
    "evaluation.metrics": of("evaluate"),
    "explanation.explanation": of("explain"),
    "explanation.evidence": of("explain"),
    "explanation.methods.integrated_gradients": of("explain"),
    "explanation.agreement": of("explain") | {"compare_explanations"},
    **{f"explanation.measures.{name}": of("explain") for name in MEASURES},
    **{
        f"explanation.measures.{name}": of("explain") | {"compare_explanations"}
        for name in ("signs", "smoothness")
    },
    "explanation.comparison": {"compare_explanations"},
    "explanation.intervals": {"compare_explanations", "aggregate", "summary", "report"},
    "explanation.over_images": {"compare_explanations"},
    "explanation.top_share": {"compare_explanations"},
    "explanation.ink": of("explain")
    | {"compare_explanations", "summary", "report", "track", "figure agreement", *MAPS},
    "jobs.ahead": set(),
    "jobs.evaluation_job": of("evaluate"),
    "jobs.explanation_job": of("explain"),
    "jobs.claims": set(),
    "jobs.clock": set(),
    "jobs.consumed": set(),
    "jobs.gpus": set(),
    "jobs.job": set(),
    "jobs.limits": set(),
    "jobs.locks": set(),
    "jobs.measurement": set(),
    "terminal.panel": set(),
    "terminal.progress": set(),
    "jobs.provenance": set(),
    "jobs.requests": set(),
    "jobs.sampler": set(),
    "jobs.scheduler": set(),
    "terminal.screen": set(),
    "terminal.stray": set(),
    "terminal.terminal": set(),
    "jobs.devices": EVERY_NETWORK_JOB,
    "jobs.network_job": EVERY_NETWORK_JOB,
    "jobs.tracking": {"track"},
    "jobs.trackers.wandb": {"track"},
    "report.aggregation": {"aggregate", "summary", "report"},
    "report.misses": {"aggregate"},
    "report.statistics": {"aggregate", "summary", "report"},
    "report.layers": {"summary"},
    "report.recipes": {"summary"},
    "report.votes": {"aggregate"},
    "report.tables.votes": {"summary"},
    "evaluation.shifts": of("evaluate"),
    "evaluation.votes": {"aggregate"},
    "report.page.document": {"report"},
    "report.page.prose": {"report"},
    "report.page.attributions": {"report"},
    "report.page.embedding": {"report"},
    "report.page.tables": {"report"},
    "report.provenance_summary": {"aggregate"},
    "report.sentences.answer": set(),
    "report.explanations.sentences": {"summary"},
    "report.explanations.limits": {"summary"},
    "report.explanations.tables": {"summary"},
    "report.sentences.findings": {"summary"},
    "report.homework": {"summary"},
    **{f"report.sentences.{name}": {"summary"} for name in ("conclusions", "stopping", "verdict")},
    "report.explanations.section": {"summary"},
    **{f"report.tables.{name}": {"summary"} for name in ("cards", "costs", "ranking")},
    "report.explanations.measured": {"summary"},
    "report.study_files": {"summary"},
    "report.summary": {"summary"},
    **{f"report.structure.{name}": {"structure"} for name in ("block", "chain", "layout", "svg")},
    "report.words": {"summary"},
    "report.run_images": {"track"},
    "report.arrays": {"report", *FIGURE_JOBS},
    "report.shown": {"summary", "report", *FIGURE_JOBS},
    "report.figures.catalogue": set(),
    "report.figures.drawing": FIGURE_JOBS,
    "report.figures.style": FIGURE_JOBS | {"track"},
    "report.figures.shares": MAPS | {"track"},
    "report.figures.map_sheet": MAPS | {"track"},
    "report.figures.attribution_maps": MAPS | {"track"},
    **{f"report.figures.{name}": {f"figure {name}"} for name in FIGURES},
    "report.figures.heatmaps": {"figure heatmaps"},
    # A tracker is shown a run's maps and confusion.
    "report.figures.heatmaps_all": {"figure heatmaps_all", "track"},
    "report.run_confusion": {"track"},
}


def stamps(workflow: Path) -> dict[str, str]:
    """Return the stamp of every job, as the rules ask for them."""
    scripts = ["prepare_data", "track", "aggregate", "compare_explanations", "structure"]
    scripts += ["summary", "report"]
    jobs = {job: stamp(workflow, f"{job}.py", LOADED.get(job, ())) for job in scripts}
    for job in NETWORK_JOBS:
        for network, blocks in BLOCKS.items():
            modules = [*LOADED.get(job, ()), *(f"networks.blocks.{block}" for block in blocks)]
            jobs[f"{job} {network}"] = stamp(workflow, f"{job}.py", modules)
    for name in FIGURES:
        jobs[f"figure {name}"] = stamp(workflow, "figure.py", [f"report.figures.{name}"])
    return jobs


@pytest.fixture(scope="module")
def workflow_copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copy") / "workflow"
    ignored = shutil.ignore_patterns("__pycache__", "cards", "schemas", "report.html")
    shutil.copytree(WORKFLOW, folder, ignore=ignored)
    return folder, stamps(folder)


def test_every_module_is_in_the_table():
    library = WORKFLOW / "blocklab"
    modules = {
        ".".join(path.relative_to(library).with_suffix("").parts)
        for path in library.rglob("*.py")
        if path.name != "__init__.py"
    }
    # A block of a user's own needs no line here.
    assert {name for name in modules - set(EDITS) if ".blocks." not in name} == set()
    assert set(EDITS) <= modules


@pytest.mark.parametrize(("module", "expected"), EDITS.items(), ids=EDITS)
def test_an_edit_runs_again_what_computes_with_it_and_nothing_else(workflow_copy, module, expected):
    workflow, before = workflow_copy
    path = workflow.joinpath("blocklab", *module.split(".")).with_suffix(".py")
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n\nEDITED = True\n", encoding="utf-8")
    after = stamps(workflow)
    path.write_text(text, encoding="utf-8")
    assert {job for job in before if after[job] != before[job]} == expected


@pytest.mark.parametrize("source", ["batch_norm.cpp", "arithmetic.hpp"])
def test_an_edit_of_a_kernel_runs_every_network_again(workflow_copy, source):
    workflow, before = workflow_copy
    path = workflow / "blocklab/networks/kernels" / source
    original = path.read_text()
    path.write_text(original + "\n")
    after = stamps(workflow)
    path.write_text(original)
    assert {job for job in before if after[job] != before[job]} == EVERY_NETWORK_JOB
