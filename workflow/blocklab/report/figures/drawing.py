"""From the files of a study to one of its figures."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from safetensors import safe_open

from blocklab.data.manifest import read_manifest

READERS = {
    ".csv": pd.read_csv,
    ".json": read_manifest,
    # Arrays are read as they are asked for: those of all runs may not fit into memory at once.
    ".npz": np.load,
    ".safetensors": lambda path: safe_open(path, framework="np"),
}
# What such a name is read from is a file per network and seed; other lists are one per network.
BY_SEED = "_by_seed"


def draw_figure(
    name: str,
    files: Mapping[str, str | Sequence[str]],
    networks: Sequence[str],
    values: Mapping[str, Any],
) -> Figure:
    """Return the figure that the module of this name draws from `files` and `values`.

    A table comes to its `draw` as a DataFrame, a manifest as a dictionary, an .npz file as a
    mapping of arrays, a .safetensors file opened by safetensors for NumPy. Where there is a list of
    files they are one per network, in the order of `networks`, and come as a dictionary by network;
    where the argument's name ends in BY_SEED they are one per network and seed, and come as lists
    by network.
    """
    contents = {}
    for argument, paths in files.items():
        if isinstance(paths, str):
            contents[argument] = _read(paths)
            continue
        read = list(map(_read, paths))
        if argument.endswith(BY_SEED):
            seeds = len(read) // len(networks)
            read = [read[i : i + seeds] for i in range(0, len(read), seeds)]
        contents[argument] = dict(zip(networks, read, strict=True))
    return import_module(f"blocklab.report.figures.{name}").draw(**contents, **values)


def _read(path: str) -> Any:
    return READERS[Path(path).suffix](path)
