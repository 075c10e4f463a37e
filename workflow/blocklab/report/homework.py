"""The homework's numbers beside a study's, and what the study did differently."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from blocklab.report.words import DASH, count, join

MEASURES = ("acc", "loss", "test_acc", "test_loss")


@dataclass(frozen=True)
class Comparison:
    """A table of MEASURES per network, the differences in words, and each side's best."""

    table: pd.DataFrame
    differences: str
    their_best: str
    our_best: str


def compare(
    homework: pd.DataFrame, networks: pd.DataFrame, config: dict[str, Any], sizes: dict[str, int]
) -> Comparison | None:
    """Compare networks.csv with homework.csv; None if they share no network on this dataset.

    The homework's epochs, training images, input size and loss function are the same in every row.
    A loss is compared only under the homework's own loss. `sizes` has the images of each split.
    """
    theirs = homework[homework["dataset"] == config["dataset"]["name"]].set_index("network")
    ours = networks[networks["network"].isin(theirs.index)].set_index("network")
    if ours.empty:
        return None
    theirs = theirs.loc[ours.index]
    same_loss = config["training"]["loss"] == theirs["training_loss"].iloc[0]
    rows = [
        {"network": name}
        | {
            key: _cell(theirs.loc[name, key], ours.loc[name, key], key, same_loss)
            for key in MEASURES
        }
        for name in ours.index
    ]
    return Comparison(
        pd.DataFrame(rows),
        join(_differences(theirs, ours, config, sizes)),
        str(theirs["test_acc"].idxmax()),
        str(ours["test_acc"].idxmax()),
    )


def _cell(theirs: float, ours: float, key: str, same_loss: bool) -> str:
    if key.endswith("loss") and not same_loss:
        return f"{theirs:.6g} / {DASH}"
    return f"{theirs:.6g} / {ours:.5f} ({ours - theirs:+.5f})"


def _differences(
    theirs: pd.DataFrame, ours: pd.DataFrame, config: dict[str, Any], sizes: dict[str, int]
) -> list[str]:
    """Return what differs from what the homework states, each in words: ours (there theirs)."""
    found = []
    setup = theirs.iloc[0]  # they share it
    if config["training"]["epochs"] != setup["epochs"]:
        found.append(f"{count(config['training']['epochs'], 'epoch')} (there {setup['epochs']})")
    if sizes["training"] != setup["training_images"]:
        there = f"{setup['training_images']:,}"
        found.append(f"{sizes['training']:,} training images (there {there})")
    if config["dataset"]["input_size"] != setup["input_size"]:
        size = config["dataset"]["input_size"]
        found.append(f"images of {size} pixels (there {setup['input_size']})")
    if config["training"]["loss"] != setup["training_loss"]:
        found.append(f"the loss {config['training']['loss']} (there {setup['training_loss']})")
    if (ours["seeds"] > 1).any():
        found.append(f"{count(int(ours['seeds'].max()), 'seed')} (there one)")
    for name in ours.index:
        batch, parameters = config["networks"][name]["batch_size"], ours.loc[name, "parameters"]
        if batch != theirs.loc[name, "batch_size"]:
            found.append(f"{name} in batches of {batch} (there {theirs.loc[name, 'batch_size']})")
        if parameters != theirs.loc[name, "parameters"]:
            found.append(
                f"{name} with {parameters:,.0f} parameters "
                f"(there {theirs.loc[name, 'parameters']:,})"
            )
    return found
