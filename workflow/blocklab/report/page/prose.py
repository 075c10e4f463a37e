"""Markdown as HTML: headings that can be linked, tables that scroll, figures in the page itself."""

import base64
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin

# Figures have 160 dots to the inch, a page has 96: at this scale texts are as large as they say.
SCALE = 96 / 160
SUMMARY = ("<summary>", "</summary>")


@dataclass(frozen=True)
class Prose:
    """A document's body as HTML, its title, and (anchor, text) of the headings of second level."""

    title: str
    sections: list[tuple[str, str]]
    body: str


def as_html(
    markdown: str, folder: Path, drawn: Collection[str] = (), held: Collection[str] = ()
) -> Prose:
    """Return `markdown` as HTML that needs no file beside it.

    markdown: as GitHub reads it. Of HTML only <details>, <summary> and </details>, each on a line
    of its own, is more than text. folder: what the figures' paths are relative to. drawn: stems of
    figures that the page draws itself: in their place is an empty <figure data-figure>. held: stems
    of figures that are left out, as these hold what they show.
    Raises OSError for a figure that is not there.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.use(anchors_plugin, max_level=3)
    # A paragraph ends before such a line, too.
    parser.block.ruler.before("paragraph", "details", _details, {"alt": ["paragraph"]})
    # A table that is wider than the page is to scroll by itself.
    parser.add_render_rule("table_open", lambda *_: '<div class="scroll"><table>\n')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    tokens = parser.parse(markdown)
    _close_details(tokens)
    for before, inline, after in _paragraphs(tokens):
        for child in inline.children:
            if child.type == "image":
                _embed(child, folder, drawn, held)
            elif child.type == "link_open" and "://" in child.attrs["href"]:
                child.attrs |= {"target": "_blank", "rel": "noopener"}  # the page may be in a frame
        kinds = [child.type for child in inline.children]
        if kinds == ["image"]:
            before.tag = after.tag = "figure"
        elif kinds == ["interactive"]:
            before.hidden = after.hidden = True
    headings = [
        (start.tag, start.attrs["id"], _text(inline))
        for start, inline, _ in _paragraphs(tokens)
        if start.type == "heading_open"
    ]
    parser.add_render_rule("interactive", lambda _, tokens, at, *__: tokens[at].content)
    return Prose(
        title=next((text for tag, _, text in headings if tag == "h1"), ""),
        sections=[(anchor, text) for tag, anchor, text in headings if tag == "h2"],
        body=parser.renderer.render(tokens, parser.options, {}),
    )


def _details(state: StateBlock, line: int, _: int, silent: bool) -> bool:
    """A rule of the parser: read one line of a <details> block."""
    if state.level or state.sCount[line] != 0:
        return False
    text = state.src[state.bMarks[line] : state.eMarks[line]].rstrip()
    if text == "<details>":
        kinds = [("details_open", "details", 1)]
    elif text == "</details>":
        kinds = [("details_close", "details", -1)]
    elif text.startswith(SUMMARY[0]) and text.endswith(SUMMARY[1]):
        kinds = [("summary_open", "summary", 1), ("", "", 0), ("summary_close", "summary", -1)]
    else:
        return False
    if silent:
        return True
    for kind, tag, nesting in kinds:
        token = state.push(kind or "inline", tag, 0)
        token.nesting, token.map, token.block = nesting, [line, line + 1], True
        if not kind:
            token.content = text.removeprefix(SUMMARY[0]).removesuffix(SUMMARY[1])
            token.children = []
    state.line = line + 1
    return True


def _close_details(tokens: list[Token]) -> None:
    """Make sure that every <details> has its end, and no end is without a beginning."""
    depth = 0
    for token in tokens:
        if token.type == "details_close" and not depth:
            token.type, token.tag, token.nesting, token.hidden = "text", "", 0, True
            token.content = "</details>"
        depth += {"details_open": 1, "details_close": -1}.get(token.type, 0)
    tokens += [Token("details_close", "details", -1, block=True) for _ in range(depth)]


def _paragraphs(tokens: list[Token]) -> Iterator[tuple[Token, Token, Token]]:
    """Yield whatever holds text: what opens it, the text, what closes it."""
    for position, token in enumerate(tokens):
        if token.type == "inline":
            yield tokens[position - 1], token, tokens[position + 1]


def _text(inline: Token) -> str:
    return "".join(child.content for child in inline.children)


def _embed(image: Token, folder: Path, drawn: Collection[str], held: Collection[str]) -> None:
    """Put a picture's content in the place of its path, and its size on the page beside it."""
    path = folder / unquote(image.attrs["src"])
    if path.stem in drawn or path.stem in held:
        image.type, label = "interactive", escape(image.content)
        stem = escape(path.stem)
        place = f'<figure id="figure-{stem}" data-figure="{stem}" data-label="{label}"></figure>\n'
        image.content = place if path.stem in drawn else ""
        return
    content = path.read_bytes()
    kind = "svg+xml" if path.suffix == ".svg" else "png"
    image.attrs["src"] = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    if kind == "png":
        width, height = (int.from_bytes(content[at : at + 4]) for at in (16, 20))  # as PNG has them
        image.attrs |= {
            "width": round(SCALE * width),
            "height": round(SCALE * height),
            # A narrow screen scrolls it: in a smaller one texts can't be read.
            "style": f"min-width: {round(SCALE * width)}px",
        }
