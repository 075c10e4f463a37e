"""From the files of a study to one of its figures."""

import inspect
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from safetensors import safe_open

from blocklab.data.manifest import read_manifest
from blocklab.report.arrays import Arrays
from blocklab.report.shown import hidden_networks, without

READERS = {
    ".csv": pd.read_csv,
    ".json": read_manifest,
    ".npz": Arrays,
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
    by network. Of very many networks `draw` gets those that a page shows: `networks`, the study's,
    is read for that, whether `draw` takes it or not.
    """
    draw = import_module(f"blocklab.report.figures.{name}").draw
    hidden = hidden_networks(pd.read_csv(files["networks"])) if "networks" in files else ()
    contents = {}
    for argument in files.keys() & inspect.signature(draw).parameters.keys():
        paths = files[argument]
        if isinstance(paths, str):
            read = _read(paths)
            contents[argument] = without(read, hidden) if isinstance(read, pd.DataFrame) else read
            continue
        seeds = len(paths) // len(networks)
        of_network = {
            network: paths[number * seeds : (number + 1) * seeds]
            for number, network in enumerate(networks)
            if network not in hidden
        }
        contents[argument] = {
            network: list(map(_read, its)) if argument.endswith(BY_SEED) else _read(*its)
            for network, its in of_network.items()
        }
    return draw(**contents, **values)


def _read(path: str) -> Any:
    return READERS[Path(path).suffix](path)
