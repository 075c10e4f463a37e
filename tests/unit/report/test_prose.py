"""Markdown as HTML: whole, linked, and names are text whatever they hold."""

import base64
import io
from collections import Counter
from html.parser import HTMLParser

import matplotlib.image
import pytest
from made_up_page import MARKDOWN
from matplotlib.figure import Figure

from blocklab.report.figures.style import save
from blocklab.report.page.prose import Prose, as_html

DRAWN = {"learning_curves", "accuracy_against_cost"}
HELD = {"heatmaps", "agreement", "deletion_curves"}


class Elements(HTMLParser):
    """Every element with its attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for found, attributes in self.found if found == tag]


@pytest.fixture
def prose(tmp_path) -> Prose:
    save(Figure((2, 1), dpi=160), tmp_path / "figures" / "error one.png")
    return as_html(MARKDOWN, tmp_path, DRAWN, HELD)


def test_a_figure_is_in_the_page_or_drawn_by_it_or_held_by_another(prose):
    elements = Elements(prose.body)
    (image,) = elements.all("img")
    kind, _, content = image["src"].partition(",")
    assert kind == "data:image/png;base64"
    matplotlib.image.imread(io.BytesIO(base64.b64decode(content, validate=True)))
    assert image["alt"] == "Error of <vgg>"
    assert (image["width"], image["height"]) == ("192", "96")  # inches of 96 pixels
    assert image["style"] == "min-width: 192px"  # a narrow screen scrolls what is wider
    drawn = [figure for figure in elements.all("figure") if figure]
    assert drawn == [
        {"id": f"figure-{name}", "data-figure": name, "data-label": label}
        for name, label in (
            ("learning_curves", "Error of every network"),
            ("accuracy_against_cost", "Test error against cost"),
        )
    ]
    assert '<div class="scroll"><table>' in prose.body


def test_headings_are_linked_and_links_elsewhere_open_elsewhere(prose):
    assert prose.title == "Which block? 3 networks & more"
    assert prose.sections == [("ranking", "Ranking"), ("the-blocks", "The blocks")]
    elements = Elements(prose.body)
    ids = Counter(attributes["id"] for _, attributes in elements.found if "id" in attributes)
    assert ids and max(ids.values()) == 1
    below, elsewhere = elements.all("a")
    assert below["href"] == "#the-blocks"
    assert elsewhere["target"] == "_blank" and elsewhere["rel"] == "noopener"


def test_of_html_only_details_and_their_summaries_are_more_than_text(prose):
    elements = Elements(prose.body)
    tags = Counter(tag for tag, _ in elements.found)
    assert (tags["details"], tags["summary"], tags["script"], tags["b"]) == (1, 1, 0, 0)
    assert "<summary>Of vgg &amp; &lt;b&gt;others&lt;/b&gt;</summary>" in prose.body
    assert "one <b>" in elements.text and '<script>alert("two")</script>' in elements.text
    assert "text with <details> in it" in elements.text


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("<details>\n\nopen", "<details><p>open</p>\n</details>"),
        ("a\n</details>\nb", "<p>a</p>\n&lt;/details&gt;\n<p>b</p>\n"),
        ("a\n<details>\nb\n</details>", "<p>a</p>\n<details><p>b</p>\n</details>"),
        ("<details open>", "<p>&lt;details open&gt;</p>\n"),
        ("```\n<details>\n```", "<pre><code>&lt;details&gt;\n</code></pre>\n"),
    ],
)
def test_details_are_always_whole(tmp_path, markdown, html):
    body = as_html(markdown, tmp_path).body
    assert body.replace("<details>\n", "<details>").replace("</details>\n", "</details>") == html


def test_a_figure_that_is_not_there_is_no_page(tmp_path):
    with pytest.raises(FileNotFoundError):
        as_html(MARKDOWN, tmp_path)
