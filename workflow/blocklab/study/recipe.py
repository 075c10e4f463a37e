"""How a network is trained: what the config says of all, and of it alone."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from blocklab.errors import UserError

# What of `training` is the machine's, and thus the same for every network.
OF_THE_MACHINE = ("device", "precision", "compile", "deterministic", "threads")
# What belongs to one kind of average alone.
AVERAGED_BY = {"average_decay": "ema", "average_epochs": "last_epochs"}


def own_recipe(training: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema's properties of a network's own `training`, given those of the shared.

    They are the same but for the machine's, and have no defaults: what is left out is shared.
    """
    return {
        key: _without_defaults(part) for key, part in training.items() if key not in OF_THE_MACHINE
    }


def training_of(config: Mapping[str, Any], network: str) -> dict[str, Any]:
    """Return the `training` section of a resolved config as it is for one network."""
    shared, own = config["training"], config["networks"][network].get("training", {})
    augmentation = shared["augmentation"] | own.get("augmentation", {})
    return shared | own | {"augmentation": augmentation}


def check_recipes(config: Mapping[str, Any]) -> None:
    """Raise UserError for the first value of a recipe that cannot be, or does nothing."""
    for where, section in _sections(config):
        for key, value in section.items():
            if isinstance(value, int | float) and not _is_finite(value):
                raise UserError(f"{where}.{key}: must be a finite number")
    for name, network in config["networks"].items():
        training, own = training_of(config, name), network.get("training", {})
        augmentation = own.get("augmentation", {})
        where = {
            key: f"networks.{name}.training.{key}" if key in own else f"training.{key}"
            for key in training
        }
        if training["momentum"] and training["optimizer"] != "sgd":
            raise UserError(
                f"{where['momentum']}: {training['optimizer']} has none to set; use 0, or sgd"
            )
        if training["nesterov"] and not training["momentum"]:
            raise UserError(f"{where['nesterov']}: needs a momentum; set {where['momentum']}")
        for key, average in AVERAGED_BY.items():
            if key in own and training["average"] != average:
                raise UserError(f"{where[key]}: does nothing without average: {average}")
        for key in ("shift", "erasing"):
            side, most = config["dataset"]["input_size"], training["augmentation"][key]
            if most >= side:
                section = where["augmentation"] if key in augmentation else "training.augmentation"
                raise UserError(
                    f"{section}.{key}: {most:g} pixels are all of images {side} pixels "
                    "wide; use less"
                )
        if training["average"] == "last_epochs" and training["average_epochs"] > training["epochs"]:
            raise UserError(
                f"{where['average_epochs']}: {training['average_epochs']} is more than the "
                f"{training['epochs']} epochs of {name}; use at most that many"
            )


def _is_finite(number: float) -> bool:
    """Tell whether a float can hold a number, which YAML may have with any count of digits."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _sections(config: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the name and content of every mapping of numbers that says how to train."""
    named = {f"networks.{name}": network for name, network in config["networks"].items()}
    for where, part in {"": config, **named}.items():
        section, where = part.get("training", {}), f"{where}.training".removeprefix(".")
        yield where, section
        yield f"{where}.augmentation", section.get("augmentation", {})


def _without_defaults(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    return {key: _without_defaults(child) for key, child in part.items() if key != "default"}
