"""From raw IDX files to the prepared dataset: resized images, stratified splits, a manifest."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from blocklab.data.datasets import (
    TEST_IMAGES,
    TEST_LABELS,
    TRAINING_IMAGES,
    TRAINING_LABELS,
    RawFiles,
    check_sizes,
    find_dataset,
)
from blocklab.data.idx import read_idx
from blocklab.data.manifest import write_manifest
from blocklab.data.prepared import PARTS, SPLITS, PreparedData, Split
from blocklab.files import sha256
from blocklab.tensors import save_tensors

RESIZE_CHUNK = 5_000


def prepare(settings: Mapping[str, Any], raw: RawFiles, output: Path, manifest: Path) -> None:
    """Write the prepared dataset (safetensors) and its manifest (JSON).

    settings: name, input_size (pixels), training_size (or None: every image that validation
    leaves), validation_size, test_size (or None: all), split_seed. The same settings give the same
    bytes. Each split draws from a random stream of its own, so that changing the size of one
    leaves the choice of the others as it was, except that training takes what validation leaves.
    Raises UserError for sizes that the dataset does not have.
    """
    check_sizes(settings)
    training_file = read_idx(raw.paths[TRAINING_IMAGES]), read_idx(raw.paths[TRAINING_LABELS])
    test_file = read_idx(raw.paths[TEST_IMAGES]), read_idx(raw.paths[TEST_LABELS])
    training, validation, test = _choose(settings, training_file[1], test_file[1])
    size = settings["input_size"]
    data = PreparedData(
        training=_select(*training_file, training, size),
        validation=_select(*training_file, validation, size),
        test=_select(*test_file, test, size),
    )
    tensors = {
        f"{split}_{part}": getattr(getattr(data, split), part) for split in SPLITS for part in PARTS
    }
    save_tensors(output, tensors)

    class_names = find_dataset(settings["name"]).class_names
    height, width = training_file[0].shape[1:]
    resize = f"bilinear, antialiased, {height}x{width} to {size}x{size} pixels"
    labels = {split: getattr(data, split).labels for split in SPLITS}
    description: dict[str, Any] = {
        "name": settings["name"],
        "source": raw.source,
        "raw_sha256": {name: sha256(path) for name, path in raw.paths.items()},
        "sha256": sha256(output),
        "input_size": size,
        "resize": "none" if (height, width) == (size, size) else resize,
        "split_seed": settings["split_seed"],
        "sizes": {split: len(labels[split]) for split in SPLITS},
        "images_per_class": {
            split: labels[split].bincount(minlength=len(class_names)).tolist() for split in SPLITS
        },
        "class_names": class_names,
    }
    write_manifest(manifest, description)


def _choose(
    settings: Mapping[str, Any], training_labels: np.ndarray, test_labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ascending positions, in their raw file, of training, validation and test images."""
    validation_random, training_random, test_random = np.random.default_rng(
        settings["split_seed"]
    ).spawn(3)
    validation = _stratified(
        training_labels,
        np.arange(len(training_labels)),
        settings["validation_size"],
        validation_random,
    )
    training = np.setdiff1d(np.arange(len(training_labels)), validation)
    if settings["training_size"] is not None:
        training = _stratified(
            training_labels, training, settings["training_size"], training_random
        )
    test = np.arange(len(test_labels))
    if settings["test_size"] is not None:
        test = _stratified(test_labels, test, settings["test_size"], test_random)
    return training, validation, test


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


def _select(images: np.ndarray, labels: np.ndarray, chosen: np.ndarray, size: int) -> Split:
    """Return the chosen images of a raw file, resized, as a split."""
    return Split(
        images=_resize(torch.from_numpy(images[chosen]).unsqueeze(1), size),
        labels=torch.from_numpy(labels[chosen].astype(np.int64)),
        indices=torch.from_numpy(chosen),
    )


def _resize(images: torch.Tensor, size: int) -> torch.Tensor:
    """Resize uint8 [N, C, H, W] to [N, C, size, size], a chunk at a time to bound memory."""
    if images.shape[-2:] == (size, size):
        return images
    from torchvision.transforms.v2 import InterpolationMode
    from torchvision.transforms.v2.functional import resize

    resized = torch.empty((*images.shape[:2], size, size), dtype=images.dtype)
    for start in range(0, len(images), RESIZE_CHUNK):
        chunk = slice(start, start + RESIZE_CHUNK)
        resized[chunk] = resize(
            images[chunk], [size, size], InterpolationMode.BILINEAR, antialias=True
        )
    return resized
