"""The cards say what the summary shows of each block: complete, sourced and short.

Whether a file is a card at all is `blocklab.study.cards`'s to tell, of the user's own too; how the
project's own are written is tested here.
"""

import re
from pathlib import Path

import pytest
import yaml

from blocklab.networks.blocks.registry import all_blocks
from blocklab.study.cards import check_card

ROOT = Path(__file__).parents[3]
OURS = [
    *("bottleneck", "bottleneck_csp", "c3", "conv", "dwconv", "exp3", "integrated_gradients"),
    *("spp", "sppf", "transformer_block", "vgg"),
]
FILES = {name: ROOT / "workflow" / "cards" / f"{name}.yaml" for name in OURS}
CARDS = {name: yaml.safe_load(path.read_text(encoding="utf-8")) for name, path in FILES.items()}
ARXIV_ID = re.compile(r"\d{4}\.\d{4,5}")
CITED = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["references"]
SENTENCE_BREAK = re.compile(r"[.!?]\s")
GUIDE = (ROOT / "docs" / "adding-a-block.md").read_text(encoding="utf-8")
EXAMPLE = yaml.safe_load(re.search(r"```yaml\n(name: .*?)```", GUIDE, re.DOTALL)[1])
each_card = pytest.mark.parametrize(
    "card", [*CARDS.values(), EXAMPLE], ids=lambda card: str(card.get("name"))
)


@pytest.mark.parametrize("path", FILES.values(), ids=FILES)
def test_ours_are_cards(path):
    check_card(path)


@each_card
def test_the_idea_is_at_most_three_sentences(card):
    assert len(SENTENCE_BREAK.findall(card["idea"])) <= 2


@each_card
@pytest.mark.parametrize("side", ["strengths", "weaknesses"])
def test_claims_are_one_sourced_sentence_each(card, side):
    for entry in card[side]:
        claim, source = entry["claim"], entry["source"]
        assert claim.endswith(".") and len(claim) <= 200
        assert not SENTENCE_BREAK.search(claim), f"more than one sentence: {claim}"
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
    # The two blocks for which it had no weakness, an "x" in its table.
    assert {homework["dataset"] for homework in noted.values()} == {"mnist"}
    empty = {stem for stem, homework in noted.items() if not homework["weaknesses"]}
    assert empty == {"bottleneck_csp", "sppf"}


def test_every_card_is_of_a_block_a_network_or_the_explanation(config):
    used = {network["card"] for network in config["networks"].values()}
    assert set(CARDS) - set(all_blocks()) == {"vgg", "exp3", "integrated_gradients"}
    assert used <= set(CARDS)


def test_the_citation_file_lists_the_papers_of_our_cards():
    cited = {(reference["title"], reference["year"]) for reference in CITED}
    named = {(paper["title"], paper["year"]) for card in CARDS.values() for paper in card["papers"]}
    assert named <= cited


def test_the_citation_file_lists_what_explanations_rest_on_and_nothing_else():
    pages = ("docs/explanations.md", "workflow/cards/integrated_gradients.yaml")
    named = {paper.get("arxiv") for card in CARDS.values() for paper in card["papers"]}
    for page in pages:
        named |= set(re.findall(r"\b\d{4}\.\d{5}\b", (ROOT / page).read_text(encoding="utf-8")))
    numbers = [paper["identifiers"][0]["value"] for paper in CITED if "identifiers" in paper]
    assert sorted(numbers) == sorted(f"arXiv:{number}" for number in named - {None})
