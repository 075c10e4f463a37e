"""What a network consists of, as a reader wants it listed: every layer with the shape after it."""

import json
from typing import Any

import torch
from torch import nn

from blocklab.networks.arguments import parameters
from blocklab.networks.network import Layer, Shape, build


def list_layers(layers: list[Layer], input_shape: Shape) -> list[dict[str, Any]]:
    """Return the input and each layer; neighbours that are the same are one entry.

    layer: its name and what was given, such as 'conv 8, kernel 3'. repeat: how many there are of
    it. shape: after them, without the batch. parameters: their trainable numbers. activations:
    torch's names of the activation functions in them, in lower case.
    """
    with torch.device("meta"):
        modules = build(layers)
    listed = [{"layer": "input", "repeat": 1, "shape": list(input_shape)}]
    listed[0] |= {"parameters": 0, "activations": []}
    for layer, module in zip(layers, modules, strict=True):
        entry = {
            "layer": _words(layer),
            "repeat": 1,
            "shape": list(layer.output_shape),
            "parameters": sum(p.numel() for p in module.parameters() if p.requires_grad),
            "activations": sorted(
                {name for part in module.modules() for name in _activation(part)}
            ),
        }
        before = listed[-1]
        if all(before[key] == entry[key] for key in ("layer", "shape")):
            before["repeat"] += 1
            before["parameters"] += entry["parameters"]
        else:
            listed.append(entry)
    return listed


def _words(layer: Layer) -> str:
    """Return the block and its given arguments as YAML has them; the first needs no name."""
    names = [name for name in parameters(layer.cls) if name in layer.arguments]
    first = next(iter(parameters(layer.cls)), None)
    given = [
        f"{'' if name == first else f'{name} '}{json.dumps(layer.arguments[name])}"
        for name in names
    ]
    return f"{layer.block} {', '.join(given)}".strip().replace('"', "")


def _activation(module: nn.Module) -> list[str]:
    """Return the name of torch's activation function that a module is, or nothing."""
    return [
        cls.__name__.lower()
        for cls in type(module).__mro__
        if cls.__module__ == "torch.nn.modules.activation" and cls is not nn.MultiheadAttention
    ]
