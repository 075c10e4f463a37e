"""From raw files to the prepared dataset: resized images, stratified splits, a manifest."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from blocklab.data.datasets import OWN, check_sizes, describe, find_dataset
from blocklab.data.description import Description, RawFiles
from blocklab.data.formats.cifar import read_cifar
from blocklab.data.formats.idx import read_idx_pair
from blocklab.data.manifest import state, write_manifest
from blocklab.data.pixels import fit
from blocklab.data.prepared import PARTS, SPLITS, PreparedData, Split
from blocklab.data.raw_images import RawImages, transposed
from blocklab.errors import UserError
from blocklab.files import sha256
from blocklab.tensors import save_tensors

log = logging.getLogger(__name__)

FORMATS = {"idx": read_idx_pair, "cifar": read_cifar}  # of built-in data sets


def prepare(
    settings: Mapping[str, Any],
    raw: RawFiles,
    output: Path,
    manifest: Path,
    expected: str | None = None,
) -> None:
    """Write the prepared dataset (safetensors) and its manifest (JSON).

    settings: the config's `dataset` section. expected: what `manifest.state` must say of the files
    of the user's own data. The same settings and files give the same bytes. Each split draws from a
    random stream of its own, so that changing the size of one leaves the choice of the others as it
    was, except that training takes what the others leave.
    Raises UserError for sizes that the dataset does not have, for files that cannot be read and for
    such as have changed since the job was planned.
    """
    check_sizes(settings)
    known = describe(settings)
    raw_sha256 = {name: sha256(path) for name, path in raw.paths.items()}
    if expected is not None and state(raw_sha256) != expected:
        raise UserError(
            f"files in {settings['directory']} have changed since this run began; start it again"
        )
    copies = len(raw_sha256) - len(set(raw_sha256.values()))
    if copies:
        log.warning(
            "%d of %d files are copies of others; where one is trained on and its copy is not, "
            "accuracy is flattered",
            copies,
            len(raw_sha256),
        )
    images = _read(settings, raw, known)
    chosen = _choose(settings, {split: one.labels for split, one in images.items()}, known)
    splits, resized = {}, set()
    for split, (pool, positions) in chosen.items():
        splits[split], sizes = _select(images[pool], positions, known.channels, settings)
        resized |= sizes
    data = PreparedData(**splits, class_names=known.class_names)
    tensors = {
        f"{split}_{part}": getattr(getattr(data, split), part) for split in SPLITS for part in PARTS
    }
    save_tensors(output, tensors, {"class_names": list(known.class_names)})

    labels = {split: getattr(data, split).labels for split in SPLITS}
    per_class = {
        split: labels[split].bincount(minlength=known.classes).tolist() for split in SPLITS
    }
    for class_name, count in zip(known.class_names, per_class["training"], strict=True):
        if not count:
            log.warning("no image of class '%s' is left for training", class_name)
    description: dict[str, Any] = {
        "name": settings["name"],
        "source": raw.source,
        "directory": settings["directory"] if raw.source == "directory" else None,
        "raw_sha256": raw_sha256,
        "sha256": sha256(output),
        "input_size": settings["input_size"],
        "channels": known.channels,
        "resize": _resize_in_words(resized, settings),
        "split_seed": settings["split_seed"],
        "sizes": {split: len(labels[split]) for split in SPLITS},
        "images_per_class": per_class,
        "class_names": known.class_names,
    }
    write_manifest(manifest, description)


def _read(settings: Mapping[str, Any], raw: RawFiles, known: Description) -> dict[str, RawImages]:
    """Return the raw images by split; the user's own data may lack test and have validation."""
    name = settings["name"]
    if name in OWN:
        return OWN[name].read(raw.paths, settings["directory"], known.channels)
    dataset = find_dataset(name)
    files = {"training": dataset.training_files, "test": dataset.test_files}
    counts = {"training": dataset.training_images, "test": dataset.test_images}
    images = {}
    for split, names in files.items():
        paths = [raw.paths[file] for file in names]
        read = FORMATS[dataset.format](paths)
        labels = read.labels - dataset.first_label
        # Files that a checksum proves were counted when it was noted.
        if not dataset.sha256 and len(labels) != counts[split]:
            raise UserError(
                f"{paths[-1]}: {len(labels)} {split} images, {name} has {counts[split]}"
            )
        if not 0 <= labels.min() <= labels.max() < dataset.classes:
            raise UserError(
                f"{paths[-1]} has labels from {read.labels.min()} to {read.labels.max()}, which "
                f"are not those of {name}'s {dataset.classes} classes"
            )
        read = RawImages(labels, read.read)
        images[split] = transposed(read) if dataset.transposed else read
    return images


def _choose(
    settings: Mapping[str, Any], labels: Mapping[str, np.ndarray], known: Description
) -> dict[str, tuple[str, np.ndarray]]:
    """Return, by split, whose raw images it takes, and their ascending positions there."""
    validation_random, training_random, test_random, held_out_random = np.random.default_rng(
        settings["split_seed"]
    ).spawn(4)
    training = np.arange(len(labels["training"]))

    def hold_out(size: int, random: np.random.Generator) -> np.ndarray:
        nonlocal training
        chosen = _stratified(labels["training"], training, size, random)
        training = np.setdiff1d(training, chosen)
        return chosen

    if known.test_held_out:
        test_pool, test = "training", hold_out(known.test_images, held_out_random)
    else:
        test_pool, test = "test", np.arange(len(labels["test"]))
    if "validation" in labels:
        pool = np.arange(len(labels["validation"]))
        size = settings["validation_size"]
        validation_pool = "validation"
        validation = _stratified(labels["validation"], pool, size, validation_random)
    else:
        validation_pool = "training"
        validation = hold_out(settings["validation_size"], validation_random)
    if settings["training_size"] is not None:
        training = _stratified(
            labels["training"], training, settings["training_size"], training_random
        )
    if settings["test_size"] is not None:
        test = _stratified(labels[test_pool], test, settings["test_size"], test_random)
    return {
        "training": ("training", training),
        "validation": (validation_pool, validation),
        "test": (test_pool, test),
    }


def _stratified(
    labels: np.ndarray, positions: np.ndarray, size: int, random: np.random.Generator
) -> np.ndarray:
    """Choose `size` of `positions`, each class in proportion (largest remainder), ascending."""
    classes, counts = np.unique(labels[positions], return_counts=True)
    shares, remainders = np.divmod(counts * size, len(positions))
    largest = np.argsort(-remainders, kind="stable")[: size - shares.sum()]
    shares[largest] += 1
    chosen = [
        random.permutation(positions[labels[positions] == class_])[:share]
        for class_, share in zip(classes, shares, strict=True)
    ]
    return np.sort(np.concatenate(chosen))


def _select(
    raw: RawImages, chosen: np.ndarray, channels: int, settings: Mapping[str, Any]
) -> tuple[Split, set[tuple[int, int]]]:
    """Return the chosen raw images, resized, as a split, and the sizes that they had."""
    side = settings["input_size"]
    images = torch.empty((len(chosen), channels, side, side), dtype=torch.uint8)
    start, sizes = 0, set()
    for chunk in raw.read(chosen):
        stop = start + len(chunk)
        fitted = fit(torch.from_numpy(chunk), channels, side, settings["non_square"])
        images[start:stop], start = fitted, stop
        sizes.add(chunk.shape[-2:])
    labels = torch.from_numpy(raw.labels[chosen])
    return Split(images, labels, torch.from_numpy(chosen)), sizes


def _resize_in_words(sizes: set[tuple[int, int]], settings: Mapping[str, Any]) -> str:
    side = settings["input_size"]
    if sizes <= {(side, side)}:
        return "none"
    (height, width), *others = sorted(sizes)
    before = f"{len(sizes)} sizes" if others else f"{height}x{width}"
    words = f"bilinear, antialiased, {before} to {side}x{side} pixels"
    squares = all(height == width for height, width in sizes)
    return words if squares else f"{words}, images that are no squares: {settings['non_square']}"
