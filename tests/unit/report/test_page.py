"""The page: one file, whatever the Markdown holds; looked at by a browser where there is one."""

import base64
import io
import re
import shutil
import subprocess
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import matplotlib.image
import pytest
from matplotlib.figure import Figure

from blocklab.report.figures.style import save
from blocklab.report.page import as_page

TEMPLATE = Path(__file__).parents[3] / "workflow" / "report" / "summary.html.jinja"
CHROMIUM = shutil.which("chromium")
MARKDOWN = r"""# Which block? 2 networks & *more*

**vgg** is better, see [below](#the-blocks) or [arXiv 1](https://arxiv.org/abs/1).

![Error of <vgg>](figures/error%20one.png)

## The blocks

| class | share |
|:------|:------|
| a\|b  | 1 %   |

- one \<b\>
- <script>alert("two")</script>

## The blocks
"""


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the page's text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        if not self.found or self.found[-1][0] != "style":
            self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for found, attributes in self.found if found == tag]


def check_page(page: str, figures: int) -> Elements:
    """Assert that nothing is missing from a page and nothing is asked of anywhere else."""
    elements = Elements(page)
    images = elements.all("img")
    assert len(images) == figures
    for image in images:
        kind, _, content = image["src"].partition(",")
        assert kind == "data:image/png;base64"
        matplotlib.image.imread(io.BytesIO(base64.b64decode(content, validate=True)))
        assert image["alt"] and int(image["width"]) > 0 and int(image["height"]) > 0
    ids = Counter(attributes["id"] for _, attributes in elements.found if "id" in attributes)
    assert ids and max(ids.values()) == 1
    links = [link["href"] for link in elements.all("a")]
    assert all(link[1:] in ids for link in links if link.startswith("#"))
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in elements.found}
    assert not re.search(r"url\(|@import|\son\w+=", page)
    assert not re.search(r"^(#+ |- |\|)|\*\*|!\[|\]\(", elements.text, re.MULTILINE)
    return elements


@pytest.fixture
def page(tmp_path) -> str:
    save(Figure((2, 1), dpi=160), tmp_path / "figures" / "error one.png")
    return as_page(MARKDOWN, tmp_path, TEMPLATE)


def test_a_page_is_whole_and_asks_for_nothing(page):
    elements = check_page(page, figures=1)
    (image,) = elements.all("img")
    assert image["alt"] == "Error of <vgg>"
    assert (image["width"], image["height"]) == ("192", "96")  # inches of 96 pixels
    assert image["style"] == "min-width: 115px"  # a narrow screen scrolls what is wider
    assert "<title>Which block? 2 networks &amp; more</title>" in page
    assert "<figure>" in page and '<div class="scroll"><table>' in page


def test_headings_are_linked_and_links_elsewhere_open_elsewhere(page):
    links = Elements(page).all("a")
    assert [link["href"] for link in links[:3]] == ["#the-blocks", "#the-blocks-1", "#the-blocks"]
    assert links[3] == {
        "href": "https://arxiv.org/abs/1", "target": "_blank", "rel": "noopener"
    }  # fmt: skip


def test_names_and_what_looks_like_html_are_text(page):
    text = Elements(page).text
    assert "a|b" in text and "one <b>" in text and '<script>alert("two")</script>' in text


def test_a_figure_that_is_not_there_is_no_page(tmp_path):
    with pytest.raises(FileNotFoundError):
        as_page(MARKDOWN, tmp_path, TEMPLATE)


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here to show it to")
def test_a_browser_shows_the_page_without_an_error(tmp_path, page):
    # What a browser would complain of, and whether its images are there, told by the page itself.
    broken = "[...document.images].filter(image => !image.naturalWidth).length"
    loud = re.sub(r"<meta http-equiv[^>]+>", "", page).replace(
        "</body>", f"<script>console.log('broken images', {broken})</script></body>"
    )
    said = []
    for name, content in (("page", page), ("loud", loud)):
        path = tmp_path / f"{name}.html"
        path.write_text(content, encoding="utf-8")
        shown = subprocess.run(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
             f"--user-data-dir={tmp_path / name}", "--dump-dom", path.as_uri()],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert "<figure>" in shown.stdout
        said.append(re.findall(r"CONSOLE.*?\] \"(.*?)\"", shown.stderr))
    assert said == [[], ["broken images 0"]]
