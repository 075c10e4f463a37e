"""What the pictures of a network show: its chain of layers, and the inside of its main blocks."""

from typing import Any

import torch
from torch import nn

from blocklab.networks.listing import list_layers
from blocklab.networks.network import Layer, Shape, build
from blocklab.networks.structure.recording import structure

AT_MOST = 12  # layers of a stage; who stacks a thousand needs no picture of each


def network_structure(layers: list[Layer], input_shape: Shape) -> dict[str, Any]:
    """Return the chain and the blocks of a network, ready for JSON.

    layers: as `list_layers` has them, each with the `kind` of its box ('block' if there is more
    than one step in it) and `shortcut`, whether it adds its input: None if it never could.
    blocks: for every different inside of such a block, or else for the layers up to the first
    pool, its `title` and its `structure`.
    """
    chain = list_layers([], input_shape)
    chain[0] |= {"kind": "input", "shortcut": None}
    known: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    blocks: dict[str, tuple[list[str], dict[str, Any]]] = {}
    shape = input_shape
    for layer in layers:
        key = f"{layer.block} {layer.arguments} {shape}"
        if key not in known:
            known[key] = _layer(layer, shape)
        entry, inside = known[key]
        shape = layer.output_shape
        same = [name for name in entry if name not in ("repeat", "parameters")]
        if all(chain[-1][name] == entry[name] for name in same):
            chain[-1]["repeat"] += 1
            chain[-1]["parameters"] += entry["parameters"]
        else:
            chain.append({**entry})
        if entry["kind"] == "block":
            names, _ = blocks.setdefault(f"{layer.block} {_pattern(inside)}", ([], inside))
            names += [entry["layer"]] * (entry["layer"] not in names)
    drawn = [{"title": _title(names), "structure": inside} for names, inside in blocks.values()]
    return {"layers": chain, "blocks": drawn or [_stage(layers, input_shape)]}


def _layer(layer: Layer, shape: Shape) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a layer's box in the chain, and what is inside of it."""
    module = _built([layer])[0]
    inside = structure(module, shape)
    steps = inside["steps"][1:-1]
    residual = getattr(module, "residual", None)
    entry = list_layers([layer], shape)[1]
    entry["kind"] = "block" if len(steps) > 1 else steps[0]["kind"] if steps else "other"
    entry["shortcut"] = residual if isinstance(residual, bool) else None
    return entry, inside


def _built(layers: list[Layer]) -> nn.Sequential:
    with torch.device("meta"):
        return build(layers)


def _pattern(inside: dict[str, Any]) -> list:
    """Return what is the same in blocks that differ in nothing but their channels."""
    kept = ("kind", "words", "inputs", "unused")
    calls = [(call["name"], call["repeat"]) for call in inside["calls"].values()]
    return [[[step[key] for key in kept] for step in inside["steps"]], calls]


def _title(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    others = names[1] if len(names) == 2 else f"{len(names) - 1} more"
    return f"{names[0]}, and {others} likewise"


def _stage(layers: list[Layer], input_shape: Shape) -> dict[str, Any]:
    """Return the picture of the layers up to the first pool, for a network of plain layers."""
    pooled = [i for i, layer in enumerate(layers, start=1) if "pool" in layer.block]
    end = min(pooled[0] if pooled else len(layers), AT_MOST)
    found = "up to the first pool" if pooled and end == pooled[0] else f"the first {end} layers"
    title = "all layers" if end == len(layers) else found
    return {"title": title, "structure": structure(_built(layers[:end]), input_shape)}
