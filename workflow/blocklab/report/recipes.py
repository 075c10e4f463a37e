"""How networks were trained, in words: what they share, and in what they differ."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from blocklab.report.words import by_value_or_all, count, join
from blocklab.study.recipe import OF_THE_MACHINE, training_of
from blocklab.training.settings import Settings

# What a recipe always says; of the rest, only what is not off.
ALWAYS = ("optimizer", "learning_rate", "loss", "epochs")
OFF = {field.name: field.default for field in fields(Settings)}


def epochs_in_words(config: Mapping[str, Any]) -> str:
    """Return '10 epochs', or '5 to 20 epochs' where networks differ."""
    epochs = [training_of(config, name)["epochs"] for name in config["networks"]]
    fewest, most = min(epochs), max(epochs)
    return count(most, "epoch") if fewest == most else f"{fewest} to {count(most, 'epoch')}"


def losses(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the loss that each network was trained with."""
    return {name: training_of(config, name)["loss"] for name in config["networks"]}


def differing(config: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the keys of a recipe in which networks differ, in words, with each network's value."""
    recipes = {name: dict(_flat(training_of(config, name))) for name in config["networks"]}
    values: dict[str, dict[str, str]] = {}
    for name, recipe in recipes.items():
        for key, value in recipe.items():
            values.setdefault(_words(key), {})[name] = _text(value)
    return {key: of for key, of in values.items() if len(set(of.values())) > 1}


def recipes_in_words(config: Mapping[str, Any]) -> str:
    """Return every way of training and the networks that were trained so, if it is not all."""
    recipes = {name: training_of(config, name) for name in config["networks"]}
    return by_value_or_all({name: ", ".join(_recipe(known)) for name, known in recipes.items()})


def beyond_the_usual(training: Mapping[str, Any]) -> str:
    """Return what a recipe has beside epochs, optimizer, learning rate and loss, '' for nothing."""
    return join(_extras(training))


def _recipe(training: Mapping[str, Any]) -> list[str]:
    usual = [training["optimizer"], f"learning rate {_text(training['learning_rate'])}"]
    return [*usual, training["loss"], count(training["epochs"], "epoch"), *_extras(training)]


def _extras(training: Mapping[str, Any]) -> list[str]:
    """Return the keys that are not off, but for ALWAYS, each with its value."""
    return [
        f"{_words(key)} {_text(value)}"
        for key, value in _flat(training)
        if key not in ALWAYS and value != OFF.get(key, 0)  # distortions are off at 0
    ]


def _flat(training: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the keys of a recipe in one order, of distortions with `augmentation.` in front."""
    for key in (key for key in OFF if key in training and key not in OF_THE_MACHINE):
        if key == "augmentation":
            yield from ((f"augmentation.{name}", x) for name, x in sorted(training[key].items()))
        else:
            yield key, training[key]


def _words(key: str) -> str:
    return key.removeprefix("augmentation.").replace("_", " ")


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return str(value)
