"""The cards say what the summary shows of each block: complete, sourced and short."""

import re
from pathlib import Path

import pytest
import yaml

from blocklab.networks.blocks.registry import all_blocks

ROOT = Path(__file__).parents[3]
CARDS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "workflow" / "cards").glob("*.yaml"))
}
REQUIRED = {"name", "title", "papers", "idea", "strengths", "weaknesses"}
OPTIONAL = {"homework", "differs"}
ARXIV_ID = re.compile(r"\d{4}\.\d{4,5}")
SENTENCE_BREAK = re.compile(r"[.!?]\s")
GUIDE = (ROOT / "docs" / "adding-a-block.md").read_text(encoding="utf-8")
EXAMPLE = yaml.safe_load(re.search(r"```yaml\n(name: .*?)```", GUIDE, re.DOTALL)[1])
each_card = pytest.mark.parametrize(
    "card", [*CARDS.values(), EXAMPLE], ids=lambda card: str(card.get("name"))
)


def is_text(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""


@each_card
def test_a_card_has_exactly_the_allowed_keys(card):
    assert set(card) >= REQUIRED
    assert set(card) - REQUIRED <= OPTIONAL
    assert is_text(card["title"]) and is_text(card["idea"])
    assert is_text(card.get("differs", "not given"))


def test_a_card_is_named_as_its_file():
    assert {stem: card["name"] for stem, card in CARDS.items()} == {stem: stem for stem in CARDS}


@each_card
def test_the_idea_is_at_most_three_sentences(card):
    assert len(SENTENCE_BREAK.findall(card["idea"])) <= 2


@each_card
def test_papers_are_named_and_can_be_found(card):
    papers = card["papers"]
    assert papers
    for paper in papers:
        assert {"authors", "year", "title"} <= set(paper)
        assert set(paper) <= {"authors", "year", "title", "arxiv", "doi", "venue"}
        assert set(paper) & {"arxiv", "doi", "venue"}
        assert is_text(paper["authors"]) and is_text(paper["title"])
        assert isinstance(paper["year"], int) and 1980 <= paper["year"] <= 2026
        # Unquoted in YAML, an identifier would be a number and lose its zeros.
        assert ARXIV_ID.fullmatch(paper.get("arxiv", "0000.0000"))
        assert paper.get("doi", "10.").startswith("10.")


@each_card
@pytest.mark.parametrize("side", ["strengths", "weaknesses"])
def test_claims_are_one_sourced_sentence_each(card, side):
    entries = card[side]
    assert entries
    for entry in entries:
        assert set(entry) == {"claim", "source"}
        claim, source = entry["claim"], entry["source"]
        assert is_text(claim) and claim.endswith(".") and len(claim) <= 200
        assert not SENTENCE_BREAK.search(claim), f"more than one sentence: {claim}"
        assert is_text(source)
        assert "this study" not in source.lower()
        for identifier in re.findall(r"arXiv ([^\s,;]+)", source):
            assert ARXIV_ID.fullmatch(identifier), f"not an arXiv id: {identifier}"


@each_card
def test_no_claim_is_made_twice(card):
    claims = [entry["claim"] for side in ("strengths", "weaknesses") for entry in card[side]]
    assert len(claims) == len(set(claims))


def test_what_the_homework_noted_is_kept():
    noted = {stem: card["homework"] for stem, card in CARDS.items() if "homework" in card}
    assert set(noted) == {"vgg", "bottleneck", "transformer_block", "bottleneck_csp", "sppf"}
    for homework in noted.values():
        assert set(homework) == {"strengths", "weaknesses"}
        assert homework["strengths"]
        assert all(is_text(line) for side in homework.values() for line in side)
    # The two blocks for which it had no weakness, an "x" in its table.
    empty = {stem for stem, homework in noted.items() if not homework["weaknesses"]}
    assert empty == {"bottleneck_csp", "sppf"}


def test_every_card_is_of_a_block_a_network_or_the_explanation(config):
    used = {network["card"] for network in config["networks"].values()}
    assert set(CARDS) - set(all_blocks()) == {"vgg", "exp3", "integrated_gradients"}
    assert used <= set(CARDS)


def test_the_citation_file_lists_every_paper_of_the_cards():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    cited = {(reference["title"], reference["year"]) for reference in citation["references"]}
    named = {(paper["title"], paper["year"]) for card in CARDS.values() for paper in card["papers"]}
    assert cited == named
