"""What was compared: every network's layers, and in what networks differ beside their blocks."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import prod
from typing import Any

import pandas as pd

from blocklab.report.recipes import differing
from blocklab.report.words import DASH, by_value, join, literal

Layers = Mapping[str, Sequence[Mapping[str, Any]]]


def layer_table(layers: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a row per layer with the shape after it, from `networks.listing.list_layers`."""
    rows = []
    for entry in layers:
        times = f", {entry['repeat']} times" if entry["repeat"] > 1 else ""
        rows.append(
            {
                "layer": literal(entry["layer"]) + times,
                "shape after it": " x ".join(map(str, entry["shape"])),
                "parameters": f"{entry['parameters']:,}" if entry["parameters"] else DASH,
            }
        )
    return pd.DataFrame(rows)


def differences(config: Mapping[str, Any], layers: Layers) -> dict[str, str]:
    """Return in what networks differ beside their blocks, and which has what, in words.

    layers: as listed, empty where torch was not there to tell; then nothing is known but batch
    size and recipe.

    Pooling is what makes maps smaller without a parameter, the head what comes once they are flat.
    """
    networks = config["networks"]
    found = {"batch size": {name: str(network["batch_size"]) for name, network in networks.items()}}
    found |= differing(config)
    if all(layers.get(name) for name in networks):
        found["activation"] = {name: _activation(layers[name]) for name in networks}
        found["pooling"] = {name: _pooling(layers[name]) for name in networks}
        found["head"] = {name: _head(layers[name]) for name in networks}
    return {what: by_value(of) for what, of in found.items() if len(set(of.values())) > 1}


def _activation(layers: Sequence[Mapping[str, Any]]) -> str:
    return join(sorted({name for entry in layers for name in entry["activations"]})) or "none"


def _pooling(layers: Sequence[Mapping[str, Any]]) -> str:
    pools = [
        entry
        for before, entry in pairwise(layers)
        if not entry["parameters"] and prod(entry["shape"]) < prod(before["shape"])
    ]
    return _words(pools) or "none"


def _head(layers: Sequence[Mapping[str, Any]]) -> str:
    return _words([entry for entry in layers if len(entry["shape"]) == 1])


def _words(layers: Sequence[Mapping[str, Any]]) -> str:
    return " → ".join(literal(entry["layer"]) for entry in layers for _ in range(entry["repeat"]))
