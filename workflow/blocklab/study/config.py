"""The config: defaults filled in, every mistake one line that names the key."""

import copy
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from blocklab.data.datasets import check_sizes, dataset_names
from blocklab.errors import UserError, plain, suggest
from blocklab.files import PROJECT, WORKFLOW
from blocklab.study.cards import check_cards
from blocklab.study.mistakes import first_mistake
from blocklab.study.other_names import INSTEAD, KEYS, NETWORK_KEYS, VALUES
from blocklab.study.recipe import check_recipes, own_recipe

SCHEMA = WORKFLOW / "schemas" / "config.schema.yaml"
RESULTS = PROJECT / "results"  # what a run makes; git ignores all of it but a README


@cache
def schema() -> dict[str, Any]:
    """Return the config's JSON schema, with what it says twice and the names of data sets."""
    known = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    known["properties"]["dataset"]["properties"]["name"]["enum"] = dataset_names()
    own = known["properties"]["networks"]["additionalProperties"]["properties"]["training"]
    own["properties"] = own_recipe(known["properties"]["training"]["properties"])
    return known


# What is read from a table as a number or as nothing.
NO_NAMES = ("true", "false", "nan", "null", "inf", "infinity")


def resolve_config(given: dict[str, Any], reserved: Iterable[str] = ()) -> dict[str, Any]:
    """Return the config with every default filled in and null networks left out.

    `reserved` are names that no network may have, because rules or rows of tables have them.
    Raises UserError, one line that names the key, for the first mistake found. Whether the
    networks' layers fit is checked elsewhere (`blocklab.study.plan`), since that needs torch.
    """
    config = copy.deepcopy(given)
    _fill_defaults(config, schema())
    if mistake := first_mistake(config, schema(), _advise):
        raise UserError(mistake)
    config["networks"] = {
        name: network for name, network in config["networks"].items() if network is not None
    }
    _select(config)
    _check(config, set(reserved))
    check_recipes(config)
    check_cards(config)
    config["outdir"] = _folder(config["outdir"])
    training_images = check_sizes(config["dataset"])
    for name, network in config["networks"].items():
        if network["batch_size"] > training_images:
            raise UserError(
                f"networks.{name}.batch_size: {network['batch_size']} is more than the "
                f"{training_images} training images; use at most that many"
            )
    return config


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


def _advise(where: str, written: object, known: list) -> str:
    """Return what people mean who write this for a key in `where`, or for the value of `where`."""
    name, in_network = plain(written), where.startswith("networks.")
    if in_network and ".training" in where.removeprefix("networks."):
        where = where.split(".", 2)[2]  # a recipe of its own has the names of the shared one
    if where in VALUES:
        meant = VALUES[where].get(name)
        return f"; did you mean '{meant}'?" if meant in known else ""
    if name in map(plain, known):
        return ""
    if name in INSTEAD:
        return f"; {INSTEAD[name]}"
    own = schema()["properties"]["networks"]["additionalProperties"]["properties"]
    of_network = NETWORK_KEYS.get(name) or next((key for key in own if plain(key) == name), None)
    if of_network in known:
        return f"; did you mean '{of_network}'?"
    if of_network:
        return f"; it belongs to a network: networks.NAME.{of_network}"
    keys = [KEYS[name]] if name in KEYS else _sections_with(name)
    if in_network and keys:
        recipe = own["training"]["properties"]
        if not (of_recipe := [key for key in keys if key.removeprefix("training.") in recipe]):
            return f"; {keys[0]} is the same for all networks"
        keys = of_recipe
    names = [key.removeprefix(f"{where}.") for key in keys]
    if len(names) == 1:
        return f"; did you mean '{names[0]}'?"
    return f"; it may be {', '.join(names)}" if names else ""


def _sections_with(name: str) -> list[str]:
    """Return the keys of the config's sections that are, but for capitals and the like, `name`."""
    sections = schema()["properties"].items()
    return [
        f"{section}.{key}"
        for section, part in sections
        for key in part.get("properties", {})
        if plain(key) == name
    ]


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


def _select(config: dict[str, Any]) -> None:
    """Leave the networks that `only` names, and the baseline, in their order."""
    networks, only = config["networks"], config["only"]
    lists = {f"votes.{vote}": voters for vote, voters in config["votes"].items()}
    for where, names in {"only": only or [], **lists}.items():
        for position, name in enumerate(names):
            if name not in networks:
                raise UserError(
                    f"{where}[{position}]: there is no network '{name}'{suggest(name, networks)}"
                )
    if only is None:
        return
    kept = {*only, config["baseline"]}
    config["votes"] = {vote: of for vote, of in config["votes"].items() if kept.issuperset(of)}
    config["networks"] = {name: network for name, network in networks.items() if name in kept}


def _check(config: dict[str, Any], reserved: set[str]) -> None:
    networks = config["networks"]
    if not networks:
        raise UserError("networks: every network is null; keep at least one")
    if config["dataset"]["source"] == "directory" and config["dataset"]["directory"] is None:
        raise UserError(
            "dataset.directory: missing; dataset.source is 'directory', so name a folder"
        )
    steps, most = (config["explanation"][key] for key in ("steps", "most_steps"))
    if most < steps:
        raise UserError(
            f"explanation.most_steps: {most} is less than explanation.steps; use at least {steps}"
        )
    for name in networks:
        if not isinstance(name, str):
            raise UserError(f"networks: {name!r} is no network's name; use text")
        if name in reserved or name.startswith("train_seeds_"):  # see `runs.rule_name`
            raise UserError(f"networks.{name}: the name is reserved; choose another")
    if config["baseline"] not in networks:
        raise UserError(
            f"baseline: there is no network '{config['baseline']}'"
            f"{suggest(config['baseline'], networks)}"
        )
    if len(networks) < 2:
        raise UserError(
            f"{'only' if config['only'] else 'networks'}: '{config['baseline']}' is the baseline "
            "and needs one more to compare with"
        )
    for vote in config["votes"]:
        if vote in networks:
            raise UserError(f"votes.{vote}: a network has that name; choose another")
    for section in ("networks", "votes"):
        for name in NO_NAMES:
            if name in config[section]:
                raise UserError(f"{section}.{name}: no name that a table can hold; choose another")
