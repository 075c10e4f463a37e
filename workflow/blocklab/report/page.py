"""Markdown as one HTML file that needs nothing beside it: no script, no network, no other file."""

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import jinja2
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin

# Figures have 160 dots to the inch, a page has 96: at this scale texts are as large as they say.
SCALE = 96 / 160
# On a narrow screen a figure shrinks to this share, and then scrolls: smaller texts can't be read.
LEAST_SHARE = 0.6


def as_page(markdown: str, folder: Path, template: Path) -> str:
    """Return `markdown` as an HTML document with its PNG figures in it.

    markdown: as GitHub reads it, without HTML of its own; what looks like HTML is shown as text.
    folder: what the figures' paths are relative to. template: a jinja file that is given `title`,
    `sections`, pairs of anchor and text for every heading of the second level, and `body`.
    Raises OSError for a figure that is not there.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.use(anchors_plugin, max_level=3)
    # A table that is wider than the page is to scroll by itself.
    parser.add_render_rule("table_open", lambda *_: '<div class="scroll"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    tokens = parser.parse(markdown)
    for before, inline, after in _paragraphs(tokens):
        for child in inline.children:
            if child.type == "image":
                _embed(child, folder)
            elif child.type == "link_open" and "://" in child.attrs["href"]:
                child.attrs |= {"target": "_blank", "rel": "noopener"}  # the page may be in a frame
        if [child.type for child in inline.children] == ["image"]:
            before.tag = after.tag = "figure"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    headings = [
        (start.tag, start.attrs["id"], _text(inline))
        for start, inline, _ in _paragraphs(tokens)
        if start.type == "heading_open"
    ]
    return environment.get_template(template.name).render(
        title=next((text for tag, _, text in headings if tag == "h1"), ""),
        sections=[(anchor, text) for tag, anchor, text in headings if tag == "h2"],
        body=parser.renderer.render(tokens, parser.options, {}),
    )


def _paragraphs(tokens: list[Token]) -> Iterator[tuple[Token, Token, Token]]:
    """Yield whatever holds text: what opens it, the text, what closes it."""
    for position, token in enumerate(tokens):
        if token.type == "inline":
            yield tokens[position - 1], token, tokens[position + 1]


def _text(inline: Token) -> str:
    return "".join(child.content for child in inline.children)


def _embed(image: Token, folder: Path) -> None:
    """Put a PNG's content in the place of its path, and its size on the page beside it."""
    content = (folder / unquote(image.attrs["src"])).read_bytes()
    image.attrs["src"] = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    width, height = (int.from_bytes(content[at : at + 4]) for at in (16, 20))  # as PNG has them
    image.attrs |= {
        "width": round(SCALE * width),
        "height": round(SCALE * height),
        "style": f"min-width: {round(LEAST_SHARE * SCALE * width)}px",
    }
