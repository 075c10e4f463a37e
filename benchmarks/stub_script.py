"""Stands in for the scripts that train, evaluate and explain, in the copies that `scale.py` makes.

Leaves what a real run left in the folder `template`, under another network and seed and with other
numbers, so that tables and pages have something to tell apart.
"""

import csv
import json
import logging
import shutil
import time
import zlib
from pathlib import Path

import numpy as np

from blocklab.files import digest, write_json
from blocklab.jobs.job import as_job, share_log

TEMPLATE = Path("template")


def chance(network: str, seed: int) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(f"{network} {seed}".encode()))


def predictions(network: str, seed: int) -> dict[str, np.ndarray]:
    """Return predictions.npz, the worse the noisier; how noisy is the network's and the seed's."""
    arrays = dict(np.load(TEMPLATE / "predictions.npz"))
    noise = chance(network, -1).uniform(1, 3) + chance(network, seed).uniform(0, 0.3)
    for split in ("validation_logits", "test_logits"):
        random = chance(network, seed).normal(0, noise, arrays[split].shape)
        arrays[split] = (arrays[split] + random).astype(np.float32)
    confusion = np.zeros_like(arrays["test_confusion"])
    np.add.at(confusion, (arrays["test_labels"], arrays["test_logits"].argmax(axis=1)), 1)
    return arrays | {"test_confusion": confusion}


def write_csv(file: Path, network: str, seed: int) -> None:
    with (TEMPLATE / file.name).open(newline="") as template:
        rows = list(csv.DictReader(template))
    for row in rows:
        row["seed"] = str(seed)
        if "network" in row:
            row["network"] = network
        if file.name == "metrics.csv":
            made = predictions(network, seed)
            for split in ("validation", "test"):
                right = made[f"{split}_logits"].argmax(axis=1) == made[f"{split}_labels"]
                row[f"{split}_acc"] = str(right.mean())
            row["parameters"] = str(int(chance(network, -1).integers(1_000, 100_000)))
    with file.open("w", newline="") as output:
        writer = csv.DictWriter(output, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write(file: Path, network: str, seed: int) -> None:
    if file.name == "predictions.npz":
        np.savez_compressed(file, **predictions(network, seed) | {"seed": seed})
    elif file.name == "attributions.npz":
        arrays = dict(np.load(TEMPLATE / file.name)) | {"seed": np.array(seed)}
        maps = arrays["attributions"]
        random = chance(network, seed).normal(0, maps.std(), maps.shape) * (maps != 0)
        np.savez_compressed(file, **arrays | {"attributions": (maps + random).astype(maps.dtype)})
    elif file.name == "provenance.json":
        settings = json.loads(snakemake.params.settings)
        known = json.loads((TEMPLATE / file.name).read_text(encoding="utf-8"))
        known |= {"settings": settings, "settings_sha256": digest(settings), "seed": seed}
        known |= {"code": snakemake.params.code, "dataset": snakemake.params.dataset}
        write_json(file, known)
    elif file.suffix == ".csv" and file.name != "samples.csv":
        write_csv(file, network, seed)
    else:
        shutil.copyfile(TEMPLATE / file.name, file)


with as_job(snakemake):
    started = time.process_time()
    files = [Path(file) for file in snakemake.output]
    if snakemake.rule.startswith("train"):
        share_log(snakemake.log[0], {file.parent.name for file in files})
    for file in files:
        write(file, file.parent.parent.name, int(file.parent.name.removeprefix("seed")))
    logging.info("wrote for %.4f s", time.process_time() - started)
