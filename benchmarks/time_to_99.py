"""Seconds of training until a small network is right about 99 % of MNIST's test images.

    python benchmarks/time_to_99.py                                        # on the processor
    python benchmarks/time_to_99.py --device cuda --data FOLDER            # on a GPU
    python benchmarks/time_to_99.py --hold-out 10000                       # to tune; see below

One recipe for all seeds, fixed in advance, made of Blocklab's blocks and its `Learner`; every seed
has to be there after the last epoch of it. The clock runs from the first batch, with the data in
memory and the kernels compiled, to the last; what comes before is counted on its own. The test
images are looked at once per seed, when the clock has stopped; of this recipe, and of any before
it, that was done in two runs; see docs/performance.md.

Whoever changes the recipe does so with `--hold-out`, which trains without N of the training
images, measures on them and leaves the test images unread.
Needs torch, torchvision, numpy, pandas, psutil; without `--data`, platformdirs too.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import torch

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent / "workflow"))

from commit import commit  # noqa: E402
from raw_files import raw_files  # noqa: E402

from blocklab.data.datasets import (  # noqa: E402
    TEST_IMAGES,
    TEST_LABELS,
    TRAINING_IMAGES,
    TRAINING_LABELS,
)
from blocklab.data.formats.idx import read_idx  # noqa: E402
from blocklab.data.prepared import Split  # noqa: E402
from blocklab.jobs.clock import seconds_since_start  # noqa: E402
from blocklab.jobs.devices import (  # noqa: E402
    choose_precision,
    prepare_cuda,
    prepare_processor,
)
from blocklab.networks.kernels.compiled import kernels  # noqa: E402
from blocklab.networks.network import Layer, predict, resolve  # noqa: E402
from blocklab.processor import processor_model  # noqa: E402
from blocklab.training.learner import Learner  # noqa: E402
from blocklab.training.loop import make_learner  # noqa: E402
from blocklab.training.settings import Settings  # noqa: E402

GOAL = 0.99
CLASSES = 10
# Cheap where maps are large: a stride at once, and nothing between the second convolution and its
# pooling, so that normalisation and activation pass over few numbers.
LAYERS = [
    {"conv": {"out": 16, "kernel": 5, "stride": 2, "padding": 0, "activation": "relu"}},
    {"conv": {"out": 32, "kernel": 3, "activation": "none", "norm": False, "bias": True}},
    {"maxpool": 2},
    "relu",
    {"conv": {"out": 64, "kernel": 3, "activation": "relu"}},
    {"maxpool": 2},
    "flatten",
    {"linear": {"out": "classes"}},
]
EPOCHS, BATCH_SIZE, HIGHEST_RATE = 3, 400, 0.015
WARM_UP = 0.2  # the share of training in which the learning rate rises
TINY = 600  # images with --tiny, which tests that it all works and measures nothing


def learning_rate(done: float) -> float:
    """Return the rate after the share `done` of training: up from a tenth, then down to 0."""
    rising, falling = 0.1 + 0.9 * done / WARM_UP, (1 - done) / (1 - WARM_UP)
    return HIGHEST_RATE * min(rising, falling)


def train(learner: Learner) -> None:
    """Pass over the training images as often as the recipe says."""
    images = len(learner.permutation)
    for epoch in range(EPOCHS):
        learner.start_epoch()
        for start in range(0, images, learner.stride):
            set_rate(learner, learning_rate((epoch + start / images) / EPOCHS))
            learner.step(start)


def set_rate(learner: Learner, rate: float) -> None:
    for group in learner.optimizer.param_groups:
        if isinstance(group["lr"], torch.Tensor):  # where a graph reads it
            with learner.on_stream():
                group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def measure(layers: list[Layer], training: Split, test: Split, seed: int) -> dict[str, float]:
    """Return the row of one seed."""
    on_gpu = training.images.is_cuda
    precision = choose_precision("auto", training.images.device.type)
    settings = Settings(BATCH_SIZE, EPOCHS, "adam", HIGHEST_RATE, "cross_entropy", precision)
    begun = time.perf_counter()
    learner = make_learner(layers, training, settings, seed)
    if on_gpu:
        torch.cuda.synchronize()
    else:
        learner.warm_up()  # convolutions are compiled for a shape when they first see it
    ready = time.perf_counter()
    train(learner)
    if on_gpu:
        torch.cuda.synchronize()
    seconds = time.perf_counter() - ready
    right = predict(learner.network, test.images).argmax(dim=1) == test.labels
    accuracy = right.sum().item() / len(right)
    row = {"seed": seed, "accuracy": accuracy, "seconds": seconds, "ready_seconds": ready - begun}
    print(f"seed {seed}: {accuracy:.2%} in {seconds:.2f} s", file=sys.stderr, flush=True)
    return row


def load(
    paths: dict[str, Path], device: torch.device, held_out: int, tiny: bool
) -> tuple[Split, Split]:
    """Return what to learn from and what to measure on."""
    training = split(read_idx(paths[TRAINING_IMAGES]), read_idx(paths[TRAINING_LABELS]), device)
    if tiny:
        training = training.at(np.arange(TINY))
        held_out = min(held_out, TINY // 2)
    if held_out:
        order = np.random.default_rng(0).permutation(len(training.labels))
        return training.at(order[:-held_out]), training.at(order[-held_out:])
    test = split(read_idx(paths[TEST_IMAGES]), read_idx(paths[TEST_LABELS]), device)
    return training, test.at(np.arange(TINY)) if tiny else test


def split(images: np.ndarray, labels: np.ndarray, device: torch.device) -> Split:
    indices = torch.arange(len(labels), device=device)
    labels = torch.from_numpy(labels).to(device, torch.int64)
    return Split(torch.from_numpy(images).unsqueeze(1).to(device), labels, indices)


def find(folder: Path | None) -> AbstractContextManager[dict[str, Path]]:
    """Return the context of the raw files: those of a folder as they are, or ours, verified."""
    if folder:
        return raw_files(folder)
    from blocklab.data.sources import fetch

    return nullcontext(dict(fetch("mnist", "auto", None).paths))


def summary(table: pd.DataFrame) -> Iterator[str]:
    """Yield the rows of min, median and max."""
    columns = {
        "accuracy": ("accuracy", "{:.2%}"),
        "seconds": ("seconds of training", "{:.2f}"),
        "ready_seconds": ("seconds before: first weights, a few steps to warm up", "{:.2f}"),
    }
    for column, (name, form) in columns.items():
        values = table[column].agg(["min", "median", "max"])
        yield f"| {name} | {' | '.join(map(form.format, values))} |"


def markdown(table: pd.DataFrame, about: dict[str, str | float]) -> str:
    """Return the report."""
    lines = [
        "# Time to 99 %",
        "",
        f"{os.cpu_count()} cores of {processor_model()}, {about['device']}; torch "
        f"{torch.__version__}, {about['precision']}; commit {about['commit']}.",
        "",
        f"{about['reached']} of n = {len(table)} seeds are right about {GOAL:.0%} or more of the "
        f"{about['measured_on']} after epoch {EPOCHS}, the last. An epoch is "
        f"{about['images']:,} images.",
        "",
        "| | min | median | max |",
        "|:--|--:|--:|--:|",
        *summary(table),
        "",
        f"Once, before the first seed: {about['start_seconds']:.1f} s for the process, its imports "
        f"and the data, {about['kernel_seconds']:.1f} s for the kernels, which are compiled at "
        "their first use on a machine and then kept.",
        "",
        "| seed | accuracy | seconds |",
        "|--:|--:|--:|",
        *(f"| {row.seed} | {row.accuracy:.2%} | {row.seconds:.2f} |" for row in table.itertuples()),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--data", type=Path, help="folder of MNIST's IDX files, raw or .gz")
    parser.add_argument("--seeds", type=int, default=10, help="how many")
    parser.add_argument("--first-seed", type=int, default=1000, help="those below tuned it")
    parser.add_argument("--hold-out", type=int, default=0, help="training images to measure on")
    parser.add_argument("--tiny", action="store_true", help="a few images: only that it runs")
    parser.add_argument("--output", type=Path, default=Path("results/benchmark"))
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.error("there is no CUDA device here; use --device cpu")

    on_gpu = arguments.device == "cuda"
    prepare_processor(torch.get_num_threads())
    prepare_cuda(seeds=1, deterministic=False)
    device = torch.device(arguments.device)
    with find(arguments.data) as paths:
        training, test = load(paths, device, arguments.hold_out, arguments.tiny)
    layers = resolve("time_to_99", LAYERS, tuple(training.images.shape[1:]), CLASSES)
    about = {"start_seconds": seconds_since_start(), "images": len(training.labels)}
    started = time.perf_counter()
    with kernels(not on_gpu):
        about["kernel_seconds"] = time.perf_counter() - started
        seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
        table = pd.DataFrame([measure(layers, training, test, seed) for seed in seeds])
    about["reached"] = int((table["accuracy"] >= GOAL).sum())
    about["measured_on"] = "held-out training images" if arguments.hold_out else "test images"
    threads = f"no GPU used, {torch.get_num_threads()} threads"
    about["device"] = torch.cuda.get_device_name() if on_gpu else threads
    about["precision"] = choose_precision("auto", arguments.device)
    about["commit"] = commit()
    arguments.output.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.output / "time_to_99.csv", index=False)
    page = markdown(table, about)
    (arguments.output / "time_to_99.md").write_text(page, encoding="utf-8")
    print(page)
    if about["reached"] < len(table) and not arguments.tiny:
        raise SystemExit(f"only {about['reached']} of {len(table)} seeds reached {GOAL:.0%}")


if __name__ == "__main__":
    main()
