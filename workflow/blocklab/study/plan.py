"""What is known of every network before any job starts: that it fits, its size, its code.

Checking a network takes torch, which takes seconds to import; a plan is therefore kept in a
file named by a hash of all it depends on.
"""

import importlib.metadata
import importlib.util
import json
import logging
from pathlib import Path
from typing import Any

from blocklab.data.datasets import describe
from blocklab.errors import UserError
from blocklab.files import WORKFLOW, digest, write_atomically
from blocklab.networks.blocks.registry import declared_blocks
from blocklab.study.code import code_fingerprint

log = logging.getLogger(__name__)

PACKAGE = WORKFLOW / "blocklab"


def plan(config: dict[str, Any], cache: Path) -> dict[str, dict[str, Any]]:
    """Return by network: `modules`, its block files, and what is known of the network built.

    That is `layers`, `structure`, `complexity` and `training_needs`, each from the module of
    `networks` of that name.
    `config` is resolved; `cache` is the folder that plans are kept in. Where torch is missing,
    because jobs bring it in environments of their own, nothing can be checked or counted: then
    only `modules` are known, and a mistake shows when its job starts.
    Raises UserError for the first layer that is wrong or does not fit.
    """
    modules = {
        name: block_modules(network["layers"]) for name, network in config["networks"].items()
    }
    if not importlib.util.find_spec("torch"):
        log.warning("torch is not installed here: networks are checked when their jobs start")
        return {name: {"modules": files} for name, files in modules.items()}
    question = {
        "networks": {name: network["layers"] for name, network in config["networks"].items()},
        "input_shape": input_shape(config["dataset"]),
        "classes": describe(config["dataset"]).classes,
        "torch": importlib.metadata.version("torch"),
    }
    used = {file for files in modules.values() for file in files}
    # The order of layer lists counts, that of keys does not.
    try:
        question["code"] = code_fingerprint(PACKAGE, ("study.plan", *sorted(used)))
        key = digest(question)
    except (KeyError, TypeError, UserError, ValueError) as error:
        # A block that is no Python, a key or value that no layer can have: say in which it is.
        _plan(config)
        raise UserError(str(error.args[0])) from None
    kept = cache / f"{key[:32]}.json"
    try:
        return json.loads(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        answer = _plan(config)
    with write_atomically(kept) as temporary:
        temporary.write_text(json.dumps(answer, indent=2), encoding="utf-8")
    return answer


def input_shape(dataset: dict[str, Any]) -> tuple[int, int, int]:
    """Return (C, H, W) of the prepared images for the config's `dataset` section."""
    return describe(dataset).channels, dataset["input_size"], dataset["input_size"]


def block_modules(layers: list) -> list[str]:
    """Return the files of the blocks that `layers` name, as `code_fingerprint` takes them.

    They are read from the files' text: none is imported, and one that is broken harms no other.
    """
    files = declared_blocks(PACKAGE / "networks" / "blocks")
    names = {name for layer in layers for name in ([layer] if isinstance(layer, str) else layer)}
    found = {file for name in names for file in files.get(name, ())}
    return [f"networks.blocks.{file}" for file in sorted(found)]


def _plan(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    from blocklab.networks.complexity import complexity
    from blocklab.networks.listing import list_layers
    from blocklab.networks.needs import training_needs
    from blocklab.networks.network import resolve
    from blocklab.networks.structure.drawn import network_structure

    shape = input_shape(config["dataset"])
    classes = describe(config["dataset"]).classes
    answer = {}
    for name, network in config["networks"].items():
        layers = resolve(name, network["layers"], shape, classes)
        modules = {layer.cls.__module__.removeprefix("blocklab.") for layer in layers}
        answer[name] = {"modules": sorted(modules), "layers": list_layers(layers, shape)}
        answer[name]["structure"] = network_structure(layers, shape)
        answer[name] |= complexity(layers, shape) | training_needs(layers, shape)
    return answer
