"""The tables on the pages of studies are those that the committed results give."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "docs" / "studies"))
import accuracies
import budgets
import changes
import convergence

STUDIES = Path(__file__).parents[3] / "docs" / "studies"


def read(study: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    networks, runs = (pd.read_csv(STUDIES / study / f"{name}.csv") for name in ("networks", "runs"))
    return networks, runs


def worth(study: str, images: str = "test") -> pd.DataFrame:
    listed = pd.read_csv(STUDIES / f"{study}.csv")
    return changes.worth(pd.read_csv(STUDIES / study / "runs.csv"), listed, images)


TABLES = [
    ("budget", "budget.md", lambda: budgets.table(*read("budget"))),
    ("premise", "premise.md", lambda: accuracies.table(*accuracies.read(STUDIES / "premise"))),
    ("smallest", "excellent.md", lambda: accuracies.table(*accuracies.read(STUDIES / "smallest"))),
    ("recipe", "excellent.md", lambda: worth("recipe", "validation")),
    ("vote", "excellent.md", lambda: accuracies.table(*accuracies.read(STUDIES / "vote"))),
    ("repaired", "repaired.md", lambda: accuracies.table(*accuracies.read(STUDIES / "repaired"))),
    ("oddities", "repaired.md", lambda: worth("oddities")),
    ("depth", "depth.md", lambda: accuracies.table(*accuracies.read(STUDIES / "depth"))),
    ("depth", "depth.md", lambda: worth("depth")),
]
PAGES = sorted({(study, page) for study, page, _ in TABLES})


@pytest.mark.parametrize(("study", "page", "table"), TABLES)
def test_the_table_is_what_the_results_give(study, page, table):
    printed = table().to_markdown(index=False, disable_numparse=True)
    assert printed in (STUDIES / page).read_text(encoding="utf-8")


@pytest.mark.parametrize(("study", "page"), PAGES)
def test_the_page_says_how_many_seeds_and_which_commit(study, page):
    networks, _ = read(study)
    provenance = json.loads((STUDIES / study / "provenance.json").read_text(encoding="utf-8"))
    commits = [commit[:7] for commit in provenance["commit"]]
    paragraphs = (STUDIES / page).read_text(encoding="utf-8").split("\n\n")
    [conditions] = [text for text in paragraphs if all(commit in text for commit in commits)]
    assert f"n = {networks['seeds'].iloc[0]} seeds" in conditions


def test_every_repaired_network_reads_99_percent():
    _, runs = read("repaired")
    mine = runs[runs["network"].str.endswith("_repaired")]
    assert mine["network"].nunique() == 5 and mine["test_acc"].min() > 0.99


def test_when_famous_networks_got_there_is_what_the_epochs_say():
    histories = pd.read_csv(STUDIES / "premise" / "histories.csv")
    printed = convergence.table(histories, [0.9, 0.95, 0.97]).to_markdown(index=False)
    assert printed in (STUDIES / "premise.md").read_text(encoding="utf-8")
