"""What every part of a recipe adds to a training step.

    PYTHONPATH=workflow python benchmarks/recipe.py [--network vgg] > docs/benchmark/recipe.md

Learners that differ by one key of `training` take turns, step by step, on made-up images, as a job
on a processor trains. Prints a Markdown table of medians.
"""

import argparse
import dataclasses
import json
import time
from pathlib import Path
from statistics import median

import torch
from run import describe
from worker import job_of_blocklab, made_up_images

from blocklab.networks.kernels.compiled import kernels
from blocklab.training.learner import Learner

STEPS = 150
NETWORKS = json.loads(Path(__file__).with_name("networks.json").read_text(encoding="utf-8"))
AFFINE = {"shift": 2, "rotation": 10, "scale": 0.1, "shear": 5}
PARTS = {
    "nothing": {},
    "the same again": {},
    "schedule": {"schedule": "one_cycle"},
    "weight decay": {"weight_decay": 0.05},
    "label smoothing": {"label_smoothing": 0.05},
    "gradient clipping": {"gradient_clipping": 1.0},
    "average: ema": {"average": "ema"},
    "augmentation: shift, rotation, scale, shear": {"augmentation": AFFINE},
    "augmentation: elastic": {"augmentation": {"elastic": 1.0}},
    "augmentation: all of these": {"augmentation": AFFINE | {"elastic": 1.0}},
    "augmentation: erasing": {"augmentation": {"erasing": 6}},
}


def seconds_per_step(job: dict) -> dict[str, list[float]]:
    """Return the seconds of every step of each of PARTS."""
    layers, split, settings = job_of_blocklab(job, *made_up_images(10 * job["batch_size"]))
    with kernels():
        learners = {
            part: Learner(
                layers, split, dataclasses.replace(settings, epochs=STEPS // 10, **changes), 0
            )
            for part, changes in PARTS.items()
        }
        taken: dict[str, list[float]] = {part: [] for part in PARTS}
        for step in range(STEPS):
            for part, learner in learners.items():
                if step % 10 == 0:
                    learner.start_epoch()
                started = time.perf_counter()
                learner.step(step % 10 * job["batch_size"])
                taken[part].append(time.perf_counter() - started)
    return {part: seconds[10:] for part, seconds in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=NETWORKS, default="vgg")
    name = parser.parse_args().network
    job = NETWORKS[name] | {"network": name, "device": "cpu", "seeds": 1, "input_size": 32}
    taken = seconds_per_step(job | {"precision": "auto"})
    machine = describe("cpu")
    plain = median(taken["nothing"])
    print(
        f"# What a part of a recipe costs\n\nA step of {name}, {job['batch_size']} images "
        f"of 32x32, on one of {machine['processor']}, instructions: {machine['instructions']}; "
        f"torch {torch.__version__}; commit {machine['commit']}; medians of "
        f"n = {len(taken['nothing'])} steps that took turns.\n"
    )
    print("| training | step (ms) | added (ms) | added (%) |\n|:--|--:|--:|--:|")
    for part, seconds in taken.items():
        step = median(seconds)
        more = step - plain
        print(f"| {part} | {1e3 * step:.2f} | {1e3 * more:+.2f} | {100 * more / plain:+.1f} |")


if __name__ == "__main__":
    main()
