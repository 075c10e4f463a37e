"""The fingerprints change with meaning, and with nothing else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from blocklab.errors import UserError
from blocklab.files import WORKFLOW, canonical_json
from blocklab.report.figures.catalogue import FIGURES
from blocklab.study.code import code_fingerprint, stamp

FILES = {
    "__init__.py": "",
    "network.py": "import torch\nfrom lab.blocks import conv\n\nSIZE = 3\n",
    "blocks/__init__.py": "",
    "blocks/conv.py": "from . import pooling\nfrom ..files import write\n",
    "blocks/pooling.py": '"""Pooling."""\n\ndef pool(x):\n    """Pool."""\n    return x\n',
    "files.py": "def write():\n    import lab.errors\n",
    "errors.py": "class Oops(Exception):\n    '''An error.'''\n",
    "figures.py": "import lab.network as network\n",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "lab" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "lab"


def edit(package: Path, name: str, old: str, new: str) -> None:
    text = (package / name).read_text()
    assert old in text
    (package / name).write_text(text.replace(old, new))


def test_canonical_json_ignores_the_order_of_keys_at_every_depth():
    one = canonical_json({"a": {"x": 1, "y": [1, 2.5]}, "b": None})
    other = canonical_json({"b": None, "a": {"y": [1, 2.5], "x": 1}})
    assert one == other == '{"a":{"x":1,"y":[1,2.5]},"b":null}'
    assert canonical_json({"a": [1, 2]}) != canonical_json({"a": [2, 1]})


def test_canonical_json_refuses_what_json_cannot_hold():
    with pytest.raises(ValueError):
        canonical_json({"loss": float("nan")})


@pytest.mark.parametrize(
    "name, old, new",
    [
        ("network.py", "SIZE = 3", "SIZE = 4"),
        ("blocks/conv.py", "import pooling", "import pooling as p"),
        ("blocks/pooling.py", "return x", "return 2 * x"),
        ("files.py", "def write", "def  write_all"),
        ("errors.py", "Exception", "ValueError"),
    ],
)
def test_a_change_of_code_in_any_imported_module_counts(package, name, old, new):
    before = code_fingerprint(package, ["network"])
    edit(package, name, old, new)
    assert code_fingerprint(package, ["network"]) != before


@pytest.mark.parametrize("name", ["__init__.py", "blocks/__init__.py"])
def test_the_packages_on_the_way_count(package, name):
    before = code_fingerprint(package, ["blocks.pooling"])
    (package / name).write_text("x = 1\n")
    assert code_fingerprint(package, ["blocks.pooling"]) != before


def test_a_change_elsewhere_does_not_count(package):
    before = code_fingerprint(package, ["network"])
    edit(package, "figures.py", "as network", "as n")
    (package / "new.py").write_text("x = 1\n")
    assert code_fingerprint(package, ["network"]) == before


def test_comments_docstrings_formatting_and_touch_do_not_count(package):
    before = code_fingerprint(package, ["network"])
    edit(package, "network.py", "SIZE = 3", "# how large\nSIZE  =  (3)")
    edit(package, "blocks/pooling.py", '"""Pooling."""', '"""All about\npooling."""')
    edit(package, "blocks/pooling.py", '    """Pool."""\n', "")
    edit(package, "errors.py", "'''An error.'''", "pass")
    os.utime(package / "files.py", (1, 1))
    assert code_fingerprint(package, ["network"]) == before


def test_the_order_of_the_given_modules_does_not_count(package):
    one = code_fingerprint(package, ["network", "figures", "errors"])
    assert one == code_fingerprint(package, iter(["errors", "network", "figures", "network"]))
    assert one != code_fingerprint(package, ["network", "errors"])


def test_modules_that_import_each_other_end(package):
    edit(package, "errors.py", "class", "from . import network\nclass")
    assert len(code_fingerprint(package, ["network"])) == 64


@pytest.mark.parametrize(
    "line", ["import lab.nets", "from lab.nets import x", "from .nets import x"]
)
def test_an_unknown_module_is_named(package, line):
    with pytest.raises(KeyError, match=r"lab has no module 'blocks\.cnv'"):
        code_fingerprint(package, ["blocks.cnv"])
    edit(package, "figures.py", "import lab.network as network", line)
    with pytest.raises(KeyError, match="lab has no module 'nets'"):
        code_fingerprint(package, ["figures"])


def test_a_syntax_error_is_one_line_with_file_and_line(package):
    edit(package, "network.py", "SIZE = 3", "SIZE = = 3")
    with pytest.raises(UserError, match=r"network\.py, line 4: not valid Python: ") as caught:
        code_fingerprint(package, ["network"])
    assert "\n" not in str(caught.value)


def test_nothing_heavy_is_imported():
    code = "import sys, blocklab.study.code; print(*sys.modules)"
    workflow = Path(__file__).parents[3] / "workflow"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(workflow)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"torch", "numpy", "pandas", "snakemake", "wandb"} & set(run.stdout.split())


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
    "study.runs": set(),
    "study.targets": set(),
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
    "explanation.intervals": {"compare_explanations"},
    "explanation.over_images": {"compare_explanations"},
    "explanation.top_share": {"compare_explanations"},
    "explanation.ink": of("explain")
    | {"compare_explanations", "summary", "report", "track", "figure agreement", *MAPS},
    "jobs.ahead": set(),
    "jobs.evaluation_job": of("evaluate"),
    "jobs.explanation_job": of("explain"),
    "jobs.clock": set(),
    "jobs.gpus": set(),
    "jobs.job": set(),
    "jobs.limits": set(),
    "jobs.locks": set(),
    "jobs.measurement": set(),
    "terminal.panel": set(),
    "terminal.progress": set(),
    "jobs.provenance": set(),
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
    "report.figures.catalogue": set(),
    "report.figures.drawing": FIGURE_JOBS,
    "report.figures.style": FIGURE_JOBS | {"track"},
    "report.figures.shares": MAPS | {"track"},
    "report.figures.map_sheet": MAPS | {"track"},
    "report.figures.attribution_maps": MAPS | {"track"},
    **{f"report.figures.{name}": {f"figure {name}"} for name in FIGURES},
    "report.figures.heatmaps": PAIR,
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
