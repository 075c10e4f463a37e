"""The cards of a study's blocks: one table of the shortest, and all that they say."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from blocklab.report.study_files import Study
from blocklab.report.words import count, literal, percent, rank


def cards(study: Study) -> list[dict[str, Any]]:
    """Return the cards of the study's networks, each with those it is of, and the method's card.

    What the homework noted of a block stays where the data is the homework's.
    """
    users: dict[str, list[str]] = {}
    for name, network in study.config["networks"].items():
        if network["card"]:
            users.setdefault(network["card"], []).append(name)
    found = [study.cards[card] | {"networks": networks} for card, networks in users.items()]
    method = study.config["explanation"]["method"]
    if method in study.cards:
        found.append(study.cards[method])
    return [_of_data(card, study.config["dataset"]["name"]) for card in found]


def _of_data(card: Mapping[str, Any], data: str) -> dict[str, Any]:
    noted = card.get("homework", {}).get("dataset") == data
    return {key: value for key, value in card.items() if key != "homework" or noted}


def card_table(cards: Sequence[Mapping[str, Any]], study: Study) -> pd.DataFrame:
    """Return a row per card of a block: paper, a strength, a weakness, as built, result."""
    rows = [
        {
            "block": literal(card["title"]),
            "network": ", ".join(card["networks"]),
            "paper": _paper(card["papers"][0]),
            "a strength": literal(card["short"]["strength"]),
            "a weakness": literal(card["short"]["weakness"]),
            "as built": "; ".join(_built(name, study) for name in card["networks"]),
            "accuracy, test images": "; ".join(_result(n, study) for n in card["networks"]),
        }
        for card in cards
        if "networks" in card
    ]
    return pd.DataFrame(rows)


def _paper(paper: Mapping[str, Any]) -> str:
    name = literal(f"{paper['authors']} {paper['year']}")
    link = f"https://arxiv.org/abs/{paper['arxiv']}" if "arxiv" in paper else None
    link = link or (f"https://doi.org/{paper['doi']}" if "doi" in paper else None)
    return f"[{name}]({link})" if link else name


def _built(name: str, study: Study) -> str:
    row = study.networks.set_index("network").loc[name]
    adding = ""
    if row["residuals"]:
        adding = (
            f", {row['active_residuals']:.0f} of {count(int(row['residuals']), 'shortcut')} in use"
        )
    kernel = f"{row['largest_kernel']:.0f}x{row['largest_kernel']:.0f}"
    widest = f", widest convolution {kernel}" if row["largest_kernel"] else ""
    return f"{row['parameters']:,.0f} parameters{widest}{adding}"


def _result(name: str, study: Study) -> str:
    accuracy = study.networks.set_index("network")["test_acc"]
    place = 1 + int((accuracy > accuracy[name]).sum())
    return f"{percent(accuracy[name])} ({rank(place)} of {len(accuracy)})"
