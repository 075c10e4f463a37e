"""Every mistake in the config ends before any job starts, with one line that names the key."""

import time
from typing import Any

import pytest
from tiny_study import Study

pytestmark = pytest.mark.workflow

SECONDS_AT_MOST = 30
NETWORK = {"batch_size": 10, "layers": ["flatten", {"linear": {"out": "classes"}}]}


def vgg(**changes: Any) -> dict[str, Any]:
    return {"networks": {"vgg": changes}}


MISTAKES = {
    "an unknown key": (
        {"training": {"epoch": 2}},
        "training.epoch: unknown key; did you mean 'epochs'?",
    ),
    "a key in the wrong place": (
        {"epochs": 2},
        "epochs: unknown key; did you mean 'training.epochs'?",
    ),
    "a wrong type": (
        {"training": {"epochs": "ten"}},
        "training.epochs: 'ten' is text; it must be a whole number",
    ),
    "a negative count": (
        {"seeds": {"count": -1}},
        "seeds.count: -1 is too small; it must be at least 1",
    ),
    "an unknown dataset": (
        {"dataset": {"name": "mnits"}},
        "dataset.name: 'mnits' is not known; did you mean 'mnist'?",
    ),
    "an unknown source": (
        {"dataset": {"source": "web"}},
        "dataset.source: 'web' is not known; it may be auto, directory, cache, torchvision, npm",
    ),
    "an output folder that is a file": (
        {"outdir": "config.yaml"},
        "outdir: 'config.yaml' is a file; it must be a folder, or not exist yet",
    ),
    "an output folder within the project's code": (
        {"outdir": "workflow/results"},
        "outdir: 'workflow/results' is a part of the project; name a folder of its own",
    ),
    "an output folder around the project": (
        {"outdir": ".."},
        "outdir: '..' holds the project itself; name a folder of its own",
    ),
    "an output folder with a wildcard": (
        {"outdir": "results/{network}"},
        "outdir: 'results/{network}' has one of {}<>; a folder's name must do without",
    ),
    "more images than there are": (
        {"dataset": {"test_size": 10_001}},
        "dataset.test_size is 10001, must be 1 to 10000",
    ),
    "a batch larger than the training set": (
        vgg(batch_size=301),
        "networks.vgg.batch_size: 301 is more than the 300 training images",
    ),
    "a missing baseline": (
        {"baseline": "exp4"},
        "baseline: there is no network 'exp4'; did you mean 'exp3'?",
    ),
    "a network named as a rule": (
        {"networks": {"train": NETWORK}},
        "networks.train: the name is taken by a rule",
    ),
    "an unknown card": (
        vgg(card="vvgg"),
        "networks.vgg.card: there is no card 'vvgg'; did you mean 'vgg'?",
    ),
    "an unknown block": (
        vgg(layers=[{"convv": {"out": 8}}]),
        "networks.vgg, layer 1 (convv): no such block; did you mean 'conv'?",
    ),
    "an unknown argument": (
        vgg(layers=["relu", {"conv": {"outt": 8}}]),
        "networks.vgg, layer 2 (conv): unknown argument 'outt'; did you mean 'out'?",
    ),
    "an input too small for a network": (
        {"dataset": {"input_size": 8}},
        "networks.exp3, layer 4 (conv): does not fit its input of 10 x 2 x 2",
    ),
    "a layer that does not fit the one before": (
        vgg(layers=[{"linear": {"out": "classes"}}]),
        "networks.vgg, layer 1 (linear): needs a flat vector, but its input is 1 x 32 x 32",
    ),
    "a last layer of the wrong width": (
        vgg(layers=["flatten", {"linear": {"out": 7}}]),
        "networks.vgg: the last layer gives 7, but there are 10 classes",
    ),
}


@pytest.mark.parametrize(("change", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_before_any_job_starts(
    fresh: Study, change: dict[str, Any], expected: str
):
    fresh.configure(change)
    started = time.monotonic()
    done = fresh.snakemake("--cores", "4")
    assert time.monotonic() - started < SECONDS_AT_MOST
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    lines = [line for line in done.stdout.splitlines() if "rror" in line]
    assert len(lines) == 1, done.stdout
    assert lines[0].startswith(f"Error in the config: {expected}")
    assert not (fresh.folder / "results").exists()
