"""From the files of a study to one of its figures."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from blocklab.data.manifest import read_manifest

READERS = {
    ".csv": pd.read_csv,
    ".json": read_manifest,
    ".npz": lambda path: dict(np.load(path)),
}


def draw_figure(
    name: str,
    files: Mapping[str, str | Sequence[str]],
    networks: Sequence[str],
    values: Mapping[str, Any],
) -> Figure:
    """Return the figure that the module of this name draws from `files` and `values`.

    A table comes to its `draw` as a DataFrame, a manifest as a dictionary, an .npz file as a
    dictionary of arrays. Where there is a list of files they are one per network, in the order of
    `networks`, and come as a dictionary by network.
    """
    contents = {}
    for argument, paths in files.items():
        if isinstance(paths, str):
            contents[argument] = _read(paths)
        else:
            contents[argument] = {
                network: _read(path) for network, path in zip(networks, paths, strict=True)
            }
    return import_module(f"blocklab.report.figures.{name}").draw(**contents, **values)


def _read(path: str) -> Any:
    return READERS[Path(path).suffix](path)
