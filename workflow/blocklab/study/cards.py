"""The cards that a study uses: what the summary says of its blocks, checked before any job."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from blocklab.errors import UserError, suggest
from blocklab.files import PROJECT, WORKFLOW
from blocklab.study.mistakes import first_mistake

CARDS = WORKFLOW / "cards"
SCHEMA = WORKFLOW / "schemas" / "card.schema.yaml"


@cache
def schema() -> dict[str, Any]:
    """Return the JSON schema of a card."""
    return yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))


def card_files(config: Mapping[str, Any]) -> list[Path]:
    """Return the cards of the config's networks and of its explanation method, each once.

    A method needs none.
    """
    used = {network["card"] for network in config["networks"].values()} - {None}
    files = [CARDS / f"{name}.yaml" for name in sorted(used)]
    of_method = CARDS / f"{config['explanation']['method']}.yaml"
    return files + [of_method] * (of_method.exists() and of_method not in files)


def check_cards(config: Mapping[str, Any]) -> None:
    """Raise UserError for a card that is not there, or else is no card, and that the study uses.

    config: resolved.
    """
    there = sorted(path.stem for path in CARDS.glob("*.yaml"))
    for name, network in config["networks"].items():
        card = network["card"]
        if card is not None and card not in there:
            raise UserError(
                f"networks.{name}.card: there is no card '{card}'{suggest(card, there)}"
            )
    for file in card_files(config):
        check_card(file)


def check_card(file: Path) -> None:
    """Raise UserError, one line with file and field, if the file is no card."""
    where = os.path.relpath(file, PROJECT) if file.is_relative_to(PROJECT) else str(file)
    try:
        card = yaml.safe_load(file.read_bytes())
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UserError(f"{where}, line {line}: is no YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:  # other characters than UTF-8's; no such date
        raise UserError(f"{where}: is no YAML: {str(error).splitlines()[0]}") from None
    except OSError as error:  # a folder, a link to nothing
        raise UserError(f"{where}: cannot be read: {error.strerror}") from None
    if card is None:
        raise UserError(f"{where}: is empty; docs/adding-a-block.md shows a card")
    if mistake := first_mistake(card, schema()):
        raise UserError(f"{where}: {mistake}")
    if card["name"] != file.stem:
        raise UserError(f"{where}: name: '{card['name']}' must be that of the file, '{file.stem}'")
