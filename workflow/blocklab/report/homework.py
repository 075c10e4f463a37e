"""The homework's numbers beside a study's, and what the study did differently."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from blocklab.report.recipes import beyond_the_usual
from blocklab.report.statistics import prediction_interval
from blocklab.report.words import DASH, by_value, by_value_or_all, count, join
from blocklab.study.recipe import training_of

MEASURES = {
    "acc": "accuracy, training images",
    "loss": "loss, training images",
    "test_acc": "accuracy, test images",
    "test_loss": "loss, test images",
}
ONE_MORE_RUN = "one more run: accuracy, test images (95 %)"


@dataclass(frozen=True)
class Comparison:
    """A table of MEASURES per network, what differs and our optimizers in words, the bests."""

    table: pd.DataFrame
    differences: str
    optimizers: str
    their_best: str
    our_best: str


def compare(
    homework: pd.DataFrame,
    networks: pd.DataFrame,
    runs: pd.DataFrame,
    config: dict[str, Any],
    sizes: dict[str, int],
) -> Comparison | None:
    """Compare networks.csv with homework.csv; None if they share no network on this dataset.

    runs: runs.csv; with several seeds, they foretell what one more run would give.

    The homework's epochs, training images, input size and loss function are the same in every row.
    A loss is compared only under the homework's own loss. `sizes` has the images of each split.
    """
    theirs = homework[homework["dataset"] == config["dataset"]["name"]].set_index("network")
    ours = networks[networks["network"].isin(theirs.index)].set_index("network")
    if ours.empty:
        return None
    theirs = theirs.loc[ours.index]
    recipes = {name: training_of(config, name) for name in ours.index}
    same_loss = {
        name: recipe["loss"] == theirs.loc[name, "training_loss"]
        for name, recipe in recipes.items()
    }
    rows = [
        {"network": name}
        | {
            title: _cell(theirs.loc[name, key], ours.loc[name, key], key, same_loss[name])
            for key, title in MEASURES.items()
        }
        | {
            ONE_MORE_RUN: _one_more(
                runs.loc[runs["network"] == name, "test_acc"],
                theirs.loc[name, "test_acc"],
                sizes["test"],
            )
        }
        for name in ours.index
    ]
    return Comparison(
        pd.DataFrame(rows),
        join(_differences(theirs, ours, config, sizes)),
        by_value_or_all(
            {
                name: f"{recipe['optimizer']} and {recipe['learning_rate']}"
                for name, recipe in recipes.items()
            }
        ),
        str(theirs["test_acc"].idxmax()),
        str(ours["test_acc"].idxmax()),
    )


def _of_recipe(
    ours: pd.DataFrame, config: dict[str, Any], key: str, theirs: Any, words: Callable[[Any], str]
) -> list[str]:
    """Return the values of a key that are not the homework's, and which networks had them."""
    values = {name: training_of(config, name)[key] for name in ours.index}
    other = {name: words(value) for name, value in values.items() if value != theirs}
    return [f"{_of_some(other, ours)} (there {theirs})"] if other else []


def _of_some(values: dict[str, str], ours: pd.DataFrame) -> str:
    """Return what some of our networks have, and which, unless it is all of them."""
    return by_value_or_all(values) if len(values) == len(ours) else by_value(values)


def _cell(theirs: float, ours: float, key: str, same_loss: bool) -> str:
    if key.endswith("loss") and not same_loss:
        return f"{theirs:.5f} / {DASH}"
    return f"{theirs:.5f} / {ours:.5f} ({ours - theirs:+.5f})"


def _one_more(ours: pd.Series, theirs: float, images: int) -> str:
    """Return the prediction interval of one more run, and whether the homework's value is in it."""
    low, high = prediction_interval(ours.to_numpy(), least_spread=1 / images)
    if pd.isna(low):
        return DASH
    low, high = max(low, 0.0), min(high, 1.0)
    holds = "holds" if low <= theirs <= high else "does not hold"
    return f"{low:.5f} to {high:.5f}, {holds} {theirs:.5f}"


def _differences(
    theirs: pd.DataFrame, ours: pd.DataFrame, config: dict[str, Any], sizes: dict[str, int]
) -> list[str]:
    """Return what differs from what the homework states, each in words: ours (there theirs)."""
    found = []
    setup = theirs.iloc[0]  # they share it
    found += _of_recipe(ours, config, "epochs", setup["epochs"], lambda n: count(n, "epoch"))
    if sizes["training"] != setup["training_images"]:
        there = f"{setup['training_images']:,}"
        found.append(f"{sizes['training']:,} training images (there {there})")
    if sizes["test"] != setup["test_images"]:
        found.append(f"{sizes['test']:,} test images (there {setup['test_images']:,})")
    if config["dataset"]["input_size"] != setup["input_size"]:
        size = config["dataset"]["input_size"]
        found.append(f"images of {size} pixels (there {setup['input_size']})")
    found += _of_recipe(ours, config, "loss", setup["training_loss"], "the loss {}".format)
    extras = {name: beyond_the_usual(training_of(config, name)) for name in ours.index}
    if told := {name: words for name, words in extras.items() if words}:
        found.append(f"{_of_some(told, ours)} (there not mentioned)")
    if shifts := config["evaluation"]["shifts"]:
        found.append(f"every image asked about {(2 * shifts + 1) ** 2} times, shifted (there once)")
    if (ours["seeds"] > 1).any():
        found.append(f"{count(int(ours['seeds'].max()), 'seed')} (there one)")
    batches: dict[tuple[int, int], list[str]] = {}
    for name in ours.index:
        pair = config["networks"][name]["batch_size"], theirs.loc[name, "batch_size"]
        batches.setdefault(pair, []).append(name)
    found += [
        f"{join(names)} in batches of {here} (there {there})"
        for (here, there), names in batches.items()
        if here != there
    ]
    for name in ours.index:
        parameters = ours.loc[name, "parameters"]
        if parameters != theirs.loc[name, "parameters"]:
            found.append(
                f"{name} with {parameters:,.0f} parameters "
                f"(there {theirs.loc[name, 'parameters']:,})"
            )
    return found
