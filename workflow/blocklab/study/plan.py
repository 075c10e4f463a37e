"""What is known of every network before any job starts: that it fits, its size, its code.

Checking a network takes torch, which takes seconds to import; a plan is therefore kept in a
file named by a hash of all it depends on.
"""

import importlib.util
import json
import logging
from pathlib import Path
from typing import Any

from blocklab.data.datasets import DATASETS
from blocklab.files import WORKFLOW, digest, write_atomically
from blocklab.study.code import code_fingerprint

log = logging.getLogger(__name__)

PACKAGE = WORKFLOW / "blocklab"


def plan(config: dict[str, Any], cache: Path) -> dict[str, dict[str, Any]]:
    """Return, by network, `modules` (its block files), `layers` as listed, `complexity`'s counts.

    `config` is resolved; `cache` is the folder that plans are kept in. Where torch is missing,
    because jobs bring it in environments of their own, nothing can be checked or counted: then
    every network depends on every block file, and a mistake shows when its job starts.
    Raises UserError for the first layer that is wrong or does not fit.
    """
    if not importlib.util.find_spec("torch"):
        log.warning("torch is not installed here: networks are checked when their jobs start")
        return {name: {"modules": list(block_modules())} for name in config["networks"]}
    question = {
        "networks": {name: network["layers"] for name, network in config["networks"].items()},
        "input_size": config["dataset"]["input_size"],
        "dataset": config["dataset"]["name"],
        "code": code_fingerprint(PACKAGE, ("study.plan", *block_modules())),
    }
    # The order of layer lists counts, that of keys does not.
    try:
        key = digest(question)
    except (TypeError, ValueError):  # a key or value that no layer can have; say in which it is
        return _plan(config)
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
    return DATASETS[dataset["name"]].channels, dataset["input_size"], dataset["input_size"]


def block_modules() -> tuple[str, ...]:
    """Return the names of all block files, as `code_fingerprint` takes them."""
    files = (PACKAGE / "networks" / "blocks").glob("[a-z]*.py")
    return tuple(f"networks.blocks.{path.stem}" for path in sorted(files))


def _plan(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    from blocklab.networks.complexity import complexity
    from blocklab.networks.listing import list_layers
    from blocklab.networks.network import resolve

    shape = input_shape(config["dataset"])
    classes = DATASETS[config["dataset"]["name"]].classes
    answer = {}
    for name, network in config["networks"].items():
        layers = resolve(name, network["layers"], shape, classes)
        modules = {layer.cls.__module__.removeprefix("blocklab.") for layer in layers}
        answer[name] = {"modules": sorted(modules), "layers": list_layers(layers, shape)}
        answer[name] |= complexity(layers, shape)
    return answer
