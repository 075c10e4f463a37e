"""The prepared dataset as jobs read it: three splits of uint8 images on one device."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from blocklab.errors import REMEDY, UserError
from blocklab.tensors import Damaged, load_tensors

SPLITS = ("training", "validation", "test")
PARTS = ("images", "labels", "indices")


@dataclass(frozen=True)
class Split:
    """Images uint8 [N, C, H, W], labels int64 [N], positions in the raw files int64 [N]."""

    images: torch.Tensor
    labels: torch.Tensor
    indices: torch.Tensor

    def at(self, positions: np.ndarray) -> "Split":
        """Return the images at these positions of the split, in this order."""
        chosen = torch.from_numpy(positions).to(self.labels.device)
        return Split(self.images[chosen], self.labels[chosen], self.indices[chosen])


@dataclass(frozen=True)
class PreparedData:
    """The three splits of a dataset, and its classes' names in the order of their labels.

    Validation has no images if none were asked for.
    """

    training: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...] = ()


def load(path: str | Path, device: str | torch.device = "cpu") -> PreparedData:
    """Return the prepared dataset with every tensor on `device`.

    Raises UserError, naming the file, if it is missing, damaged or not a prepared dataset.
    """
    try:
        tensors, notes = load_tensors(path)
        splits = {
            split: Split(*(tensors[f"{split}_{part}"].to(device) for part in PARTS))
            for split in SPLITS
        }
        return PreparedData(**splits, class_names=tuple(notes["class_names"]))
    except FileNotFoundError as error:
        raise UserError(f"prepared dataset {path} does not exist; run the data step") from error
    except (Damaged, KeyError) as error:
        raise UserError(f"prepared dataset {path} is damaged ({error}); {REMEDY}") from error
