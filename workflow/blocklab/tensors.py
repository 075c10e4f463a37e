"""Tensors in safetensors files that prove themselves: notes and a checksum ride in the header."""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import torch

from blocklab.files import TENSORS_KEY, canonical_json, write_atomically


class Damaged(Exception):
    """The file is not what was written; the message is one line that does not name the file."""


def save_tensors(
    path: str | Path, tensors: dict[str, torch.Tensor], notes: dict[str, Any] | None = None
) -> None:
    """Write tensors and notes, which JSON must be able to hold; the same ones, the same bytes.

    Raises UserError if the disk is full, OSError if the file cannot be written for other reasons.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    # Copies, where layers share weights: the format has no two names for one memory.
    memory = Counter(value.untyped_storage().data_ptr() for value in tensors.values())
    tensors = {
        name: (value.clone() if memory[value.untyped_storage().data_ptr()] > 1 else value)
        .cpu()
        .contiguous()
        for name, value in tensors.items()
    }
    header = canonical_json({"notes": notes or {}, "sha256": _sha256(tensors, notes or {})})
    with write_atomically(path) as temporary:
        try:
            save_file(tensors, temporary, metadata={TENSORS_KEY: header})
        except SafetensorError as error:  # which is what the system refused, in words alone
            raise OSError(str(error)) from error


def load_tensors(path: str | Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return tensors, on the processor, and notes.

    Raises FileNotFoundError if there is no file, Damaged if any of its content has changed.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads(file.metadata()[TENSORS_KEY])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        notes = header["notes"]
        intact = header["sha256"] == _sha256(tensors, notes)
    except FileNotFoundError:
        raise
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise Damaged(str(error).partition("\n")[0]) from error
    if not intact:
        raise Damaged("its checksum is wrong")
    return tensors, notes


def _sha256(tensors: dict[str, torch.Tensor], notes: dict[str, Any]) -> str:
    digest = hashlib.sha256(canonical_json(notes).encode())
    for name, value in sorted(tensors.items()):
        digest.update(canonical_json([name, str(value.dtype), list(value.shape)]).encode())
        flat = value.as_strided((value.numel(),), (1,))  # an empty tensor may have stride 0
        digest.update(flat.view(torch.uint8).numpy())
    return digest.hexdigest()
