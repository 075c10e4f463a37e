"""The config: defaults filled in, every mistake one line that names the key."""

import copy
import math
import os
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from blocklab.data.datasets import check_sizes
from blocklab.errors import UserError, suggest
from blocklab.files import PROJECT, WORKFLOW

SCHEMA = WORKFLOW / "schemas" / "config.schema.yaml"
CARDS = WORKFLOW / "cards"
RESULTS = PROJECT / "results"  # what a run makes; git ignores all of it but a README
KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "object": "a mapping of keys",
    "array": "a list",
    "null": "null",
}
# JSON Schema takes 10.0 for an integer; range() and torch do not.
Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: type(value) is int
    ),
)


@cache
def schema() -> dict[str, Any]:
    """Return the config's JSON schema."""
    return yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))


def resolve_config(given: dict[str, Any], reserved: Iterable[str] = ()) -> dict[str, Any]:
    """Return the config with every default filled in and null networks left out.

    `reserved` are names that no network may have, because rules have them.
    Raises UserError, one line that names the key, for the first mistake found. Whether the
    networks' layers fit is checked elsewhere (`blocklab.study.plan`), since that needs torch.
    """
    config = copy.deepcopy(given)
    _fill_defaults(config, schema())
    if mistakes := sorted(map(_explain, Validator(schema()).iter_errors(config))):
        raise UserError(mistakes[0])
    config["networks"] = {
        name: network for name, network in config["networks"].items() if network is not None
    }
    _check(config, set(reserved))
    config["outdir"] = _folder(config["outdir"])
    training_images = check_sizes(config["dataset"])
    for name, network in config["networks"].items():
        if network["batch_size"] > training_images:
            raise UserError(
                f"networks.{name}.batch_size: {network['batch_size']} is more than the "
                f"{training_images} training images; use at most that many"
            )
    return config


def seed_packs(seeds: dict[str, int]) -> dict[str, list[int]]:
    """Return the seeds of every training job by the pack's name: 'seed0', or 'seeds0-7'."""
    every = range(seeds["first"], seeds["first"] + seeds["count"])
    packs = {}
    for start in range(0, len(every), seeds["per_job"]):
        pack = list(every[start : start + seeds["per_job"]])
        name = f"seed{pack[0]}" if len(pack) == 1 else f"seeds{pack[0]}-{pack[-1]}"
        packs[name] = pack
    return packs


def _fill_defaults(config: Any, part: dict[str, Any]) -> None:
    """Set missing keys to the schema's defaults, in place, down through mappings."""
    if not isinstance(config, dict):
        return
    for key, child in part.get("properties", {}).items():
        if "default" in child:
            config.setdefault(key, copy.deepcopy(child["default"]))
        if key in config:
            _fill_defaults(config[key], child)
    if isinstance(part.get("additionalProperties"), dict):
        for value in config.values():
            _fill_defaults(value, part["additionalProperties"])


def _explain(error: jsonschema.ValidationError) -> str:
    """Return one line: the key, what is wrong, what would be right."""
    key = ".".join(str(part) for part in error.absolute_path)
    value, rule = error.instance, error.validator_value
    prefix = f"{key}: " if key else ""
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            unknown = next(name for name in value if name not in known)
            where = f"{key}.{unknown}" if key else str(unknown)
            misplaced = [] if key else _sections_with(unknown)
            return f"{where}: unknown key{suggest(unknown, misplaced or known)}"
        case "required":
            missing = next(name for name in rule if name not in value)
            where = f"{key}.{missing}" if key else missing
            return f"{where}: missing; {error.schema['properties'][missing]['description']}"
        case "type":
            kinds = [rule] if isinstance(rule, str) else rule
            right = " or ".join(KINDS[kind] for kind in kinds) + _plain_number(value)
            return f"{prefix}{_show(value)} is {_kind(value)}; it must be {right}"
        case "enum":
            return f"{prefix}{_show(value)} is not known{suggest(value, rule)}"
        case "minimum":
            return f"{prefix}{value} is too small; it must be at least {rule}"
        case "maximum":
            return f"{prefix}{value} is too large; it must be at most {rule}"
        case "exclusiveMinimum":
            return f"{prefix}{value} is too small; it must be more than {rule}"
        case "minItems" | "minProperties" | "minLength":
            return f"{prefix}is empty; give at least {rule}"
        case "pattern":
            return (
                f"{prefix}'{value}' is no network's name; use small letters, digits and "
                "underscores, a letter first"
            )
    return prefix + error.message.splitlines()[0]


def _sections_with(key: object) -> list[str]:
    """Return the full names under which a section of the config has `key`."""
    sections = schema()["properties"].items()
    return [f"{name}.{key}" for name, part in sections if key in part.get("properties", {})]


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    names = {bool: "a yes/no value", int: "a number", float: "a number", str: "text"}
    names |= {list: "a list", dict: "a mapping of keys"}
    return names.get(type(value), f"a {type(value).__name__}")


def _plain_number(value: Any) -> str:
    """Return how to write a number that YAML takes for text, as it does 1e-3."""
    try:
        return f"; write {Decimal(value):f}" if isinstance(value, str) else ""
    except InvalidOperation:
        return ""


def _folder(outdir: str) -> str:
    """Return the output folder in the one spelling by which Snakemake knows its files."""

    def refusal(reason: str) -> UserError:
        return UserError(f"outdir: '{outdir}' {reason}")

    if set("{}<>") & set(outdir):  # wildcards and variables to Snakemake
        raise refusal("has one of {}<>; a folder's name must do without")
    if not outdir.isprintable():
        raise refusal("has control characters; a folder must do without")
    folder = Path(os.path.expanduser(outdir))
    place = Path(os.path.realpath(folder))
    # Snakemake may be told to work elsewhere than where the project is.
    if any(within.is_relative_to(place) for within in (PROJECT, Path.cwd())):
        raise refusal("holds the project itself; name a folder of its own")
    if folder.exists() and not folder.is_dir():
        raise refusal("is a file; it must be a folder, or not exist yet")
    if place.is_relative_to(PROJECT) and not place.is_relative_to(RESULTS):
        raise refusal(
            "is a part of the project; name a folder of its own, in results or outside the project"
        )
    above = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise refusal(f"cannot be made, '{above}' is no folder to write to")
    return str(folder)


def _check(config: dict[str, Any], reserved: set[str]) -> None:
    networks = config["networks"]
    if not networks:
        raise UserError("networks: every network is null; keep at least one")
    if config["dataset"]["source"] == "directory" and config["dataset"]["directory"] is None:
        raise UserError(
            "dataset.directory: missing; dataset.source is 'directory', so name a folder"
        )
    if not math.isfinite(config["training"]["learning_rate"]):
        raise UserError("training.learning_rate: must be a finite number")
    for name in networks:
        if not isinstance(name, str):
            raise UserError(f"networks: {name!r} is no network's name; use text")
        if name in reserved:
            raise UserError(f"networks.{name}: the name is taken by a rule; choose another")
        card, cards = networks[name]["card"], sorted(path.stem for path in CARDS.glob("*.yaml"))
        if card is not None and card not in cards:
            raise UserError(
                f"networks.{name}.card: there is no card '{card}'{suggest(card, cards)}"
            )
    if config["baseline"] not in networks:
        raise UserError(
            f"baseline: there is no network '{config['baseline']}'"
            f"{suggest(config['baseline'], networks)}"
        )
    if len(networks) < 2:
        raise UserError(
            f"networks: '{config['baseline']}' is the baseline and needs one more to compare with"
        )
