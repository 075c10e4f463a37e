"""What is wrong with a card is said before any job, with file and field, to who uses the card."""

import copy

import pytest
import yaml

from blocklab.errors import UserError
from blocklab.study import cards
from blocklab.study.cards import card_files, check_card, check_cards

CARD = {
    "name": "mine",
    "title": "Mine",
    "papers": [{"authors": "Hu et al.", "year": 2017, "title": "A paper", "arxiv": "1709.01507"}],
    "idea": "It does.",
    "short": {"strength": "works", "weakness": "slow"},
    "strengths": [{"claim": "It works.", "source": "arXiv 1709.01507"}],
    "weaknesses": [{"claim": "It is slow.", "source": "arXiv 1709.01507"}],
}
TITLE_ALONE = "title: Mine\n"
# The file's text, and what is said of it.
BROKEN = {
    "only a title": (
        TITLE_ALONE,
        ": name: missing; the file's name without .yaml",
    ),
    "empty": ("", ": is empty; docs/adding-a-block.md shows a card"),
    "no YAML": ("title: a: b\n", ", line 1: is no YAML: mapping values are not allowed here"),
    "no UTF-8": (b"title: \xff\n", ": is no YAML: "),
    "no date": ("title: 2017-99-99\n", ": is no YAML: month must be in 1..12"),
    "a list": ("- title\n", ": ['title'] is a list; it must be a mapping of keys"),
}
# The path to what is changed, its value (None: it is taken out), and what is said.
WRONG = [
    (("papers", 0, "year"), None, "papers[0].year: missing; the year it came out, such as 2017"),
    (("papers", 0, "year"), "2017", "papers[0].year: '2017' is text; it must be a whole number; "
     "write 2017"),
    (("papers", 0, "arxiv"), None, "papers[0]: says nowhere where to find it; add arxiv, doi or "
     "venue"),
    (("papers", 0, "arxiv"), 1709.015, "papers[0].arxiv: 1709.015 is a number; it must be text"),
    (("papers", 0, "arxiv"), "arXiv:1709.01507", "papers[0].arxiv: 'arXiv:1709.01507' is no arXiv "
     'number; write it in quotes, such as "1709.01507"'),
    (("papers", 0, "doi"), "https://doi.org/10.1", "papers[0].doi: 'https://doi.org/10.1' is no "
     'DOI; write it in quotes, such as "10.1109/5.726791"'),
    (("papers",), [], "papers: is empty; give at least 1"),
    (("strengths",), ["It works."], "strengths[0]: 'It works.' is text; it must be a mapping of "
     "keys"),
    (("weaknesses", 0, "source"), None, "weaknesses[0].source: missing; where it was read, such as "
     "a paper and its section"),
    (("strenghts",), [], "strenghts: unknown key; did you mean 'strengths'?"),
    (("title",), 3, "title: 3 is a number; it must be text"),
    (("short",), None, "short: missing; its strength and its weakness in a few words each, for the "
     "table of blocks"),
    (("short", "strength"), "a b c d e f g h i j k l m", "short.strength: 'a b c d e f g h i j k l "
     "m' is no cell of a table; give one to twelve words without a full stop"),
    (("short", "weakness"), "Slow.", "short.weakness: 'Slow.' is no cell of a table; give one to "
     "twelve words without a full stop"),
    (("idea",), "", "idea: is empty; give at least 1"),
    (("name",), "yours", "name: 'yours' must be that of the file, 'mine'"),
]  # fmt: skip


def said(file) -> str:
    with pytest.raises(UserError) as error:
        check_card(file)
    return str(error.value)


@pytest.mark.parametrize(("text", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_no_card(tmp_path, text, expected):
    file = tmp_path / "mine.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert said(file).startswith(f"{file}{expected}")


def test_a_file_that_cannot_be_read(tmp_path):
    (tmp_path / "mine.yaml").symlink_to("nowhere")
    assert said(tmp_path / "mine.yaml").endswith(
        "mine.yaml: cannot be read: No such file or directory"
    )


@pytest.mark.parametrize(
    ("path", "value", "expected"), WRONG, ids=[text.partition(":")[0] for *_, text in WRONG]
)
def test_a_field_that_is_wrong(tmp_path, path, value, expected):
    card = copy.deepcopy(CARD)
    part = card
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    if value is None:
        del part[path[-1]]
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(card))
    assert said(file) == f"{file}: {expected}"


def test_only_the_cards_that_a_study_uses_are_read(config, tmp_path, monkeypatch):
    for file in cards.CARDS.glob("*.yaml"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(cards, "CARDS", tmp_path)
    (tmp_path / "mine.yaml").write_text(TITLE_ALONE)
    check_cards(config)
    assert [file.stem for file in card_files(config)] == [
        "bottleneck", "bottleneck_csp", "exp3", "sppf", "transformer_block", "vgg",
        "integrated_gradients",
    ]  # fmt: skip
    config["networks"]["vgg"]["card"] = "mine"
    with pytest.raises(UserError, match=r"mine\.yaml: name: missing"):
        check_cards(config)
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(CARD))
    check_cards(config)


def test_neither_a_network_nor_a_method_needs_a_card(config, tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "CARDS", tmp_path)
    for network in config["networks"].values():
        network["card"] = None
    check_cards(config)
    assert card_files(config) == []


def test_a_card_is_named_from_the_projects_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "PROJECT", tmp_path)
    (tmp_path / "mine.yaml").touch()
    assert said(tmp_path / "mine.yaml").startswith("mine.yaml: is empty; ")
