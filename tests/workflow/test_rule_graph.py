"""The documented rule graph is the workflow's, and no network can take a rule's name."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from blocklab.report.figures.catalogue import FIGURES

PROJECT = Path(__file__).parents[2]

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def edges() -> set[tuple[str, str]]:
    graph = subprocess.run(
        [sys.executable, "-m", "snakemake", "--rulegraph", "mermaid-js"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", graph))
    return {(names[a], names[b]) for a, b in re.findall(r"(id\d+) --> (id\d+)", graph)}


def test_the_documented_rule_graph_is_the_workflows(edges):
    """It has one node for all figures, which would hide the rest."""
    page = (PROJECT / "docs" / "architecture.md").read_text()
    kinds = {tuple("figures" if name in FIGURES else name for name in edge) for edge in edges}
    assert set(re.findall(r"(\w+) --> (\w+)", page)) == {(a, b) for a, b in kinds if a != b}


def test_every_rule_name_is_reserved(edges):
    common = (PROJECT / "workflow" / "rules" / "common.smk").read_text()
    reserved = re.search(r'RULES = \(\s*"(.*?)"\s*\)\.split\(\)\nRULES \+= FIGURES\n', common)[1]
    rules = {name for edge in edges for name in edge}
    assert {*reserved.split(), *FIGURES} == rules
