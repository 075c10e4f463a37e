"""An SVG that stands by itself: its words, its colours in light and dark, no script, no link."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable

FONT = 13  # pixels
SMALL = 11
# Arial's widths in thousandths of the font's size, by character; generic fonts are near it.
NARROW, WIDE = set("iljtfrI.,:;|'!()[] "), set("mwMW@%+×−")
# Fill and line of every kind of box, in light and in dark: tints of the colours of Okabe & Ito
# 2008, which colour-blind readers tell apart. Words say the same.
COLOURS = {
    "block": ("#dcebf7", "#0072b2", "#12344d", "#63b4e4"),
    "conv": ("#dcebf7", "#0072b2", "#12344d", "#63b4e4"),
    "linear": ("#fbe6da", "#d55e00", "#4a2814", "#f0955a"),
    "pool": ("#d9f0e8", "#009e73", "#0f3d30", "#45c9a3"),
    "attention": ("#f6e6ef", "#b0578c", "#46243a", "#df9cc4"),
    "activation": ("#fdf1d3", "#b07a00", "#463507", "#e6b84c"),
    "norm": ("#eeeeee", "#777777", "#333333", "#a8a8a8"),
    "other": ("#eeeeee", "#777777", "#333333", "#a8a8a8"),
    "input": ("#ffffff", "#777777", "#16191d", "#a8a8a8"),
    "operator": ("#ffffff", "#222222", "#16191d", "#eeeeee"),
}
PAPER, INK, FAINT = ("#ffffff", "#16191d"), ("#1b1b1b", "#ececec"), ("#5a5a5a", "#b4b4b4")


def text_width(text: str, size: float = FONT) -> float:
    """Return about how wide a text is in a generic sans-serif font, in pixels, rather too much."""
    units = (0.34 if c in NARROW else 0.9 if c in WIDE else 0.61 for c in text)
    return size * sum(units)


def wrapped(text: str, width: float) -> list[str]:
    """Break a list at its commas into lines of at most `width` pixels, if no part is wider."""
    lines: list[str] = []
    for part in filter(None, text.split(", ")):
        longer = f"{lines[-1]}, {part}" if lines else part
        if lines and text_width(longer) <= width:
            lines[-1] = longer
        else:
            lines[-1:] = [f"{lines[-1]},"] if lines else []
            lines.append(part)
    return lines


def readable(text: str) -> str:
    """Return a text without the characters that XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


class Picture:
    """An SVG that is being drawn; coordinates in pixels from the top left."""

    def __init__(self, name: str, title: str, description: str) -> None:
        self.name = re.sub(r"\W", "-", name, flags=re.ASCII)
        self._root = ET.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "role": "img",
                "aria-labelledby": f"{self.name}-title {self.name}-description",
            },
        )
        for tag, text in (("title", title), ("desc", description)):
            name = {"title": "title", "desc": "description"}[tag]
            ET.SubElement(self._root, tag, id=f"{self.name}-{name}").text = readable(text)
        ET.SubElement(self._root, "style").text = _style()
        heads = ET.SubElement(self._root, "defs")
        marker = ET.SubElement(
            heads, "marker", id=f"{self.name}-arrow", viewBox="0 0 8 8", refX="7", refY="4",
            markerWidth="7", markerHeight="7", orient="auto",
        )  # fmt: skip
        ET.SubElement(marker, "path", {"d": "M0,0.5 L7.5,4 L0,7.5 Z", "class": "head"})
        self._paper = ET.SubElement(self._root, "rect", {"class": "paper"})

    def write(
        self, x: float, y: float, text: str, *, anchor: str = "middle", look: str = ""
    ) -> None:
        """Write one line; `y` is its baseline. look: of 'strong', 'small', 'over' (lines)."""
        attributes = {"x": _number(x), "y": _number(y), "text-anchor": anchor}
        if look:
            attributes["class"] = look
        ET.SubElement(self._root, "text", attributes).text = readable(text)

    def box(
        self, centre: tuple[float, float], width: float, height: float, look: str, corner: float = 5
    ) -> None:
        """Draw a rectangle; look: a key of COLOURS, or 'frame'."""
        x, y = centre
        ET.SubElement(
            self._root,
            "rect",
            {
                "x": _number(x - width / 2),
                "y": _number(y - height / 2),
                "width": _number(width),
                "height": _number(height),
                "rx": _number(corner),
                "class": look,
            },
        )

    def line(self, path: str, look: str = "edge") -> None:
        """Draw a path with an arrow at its end; look: 'edge' or 'edge unused'."""
        end = f"url(#{self.name}-arrow)"
        ET.SubElement(self._root, "path", {"d": path, "class": look, "marker-end": end})

    def finish(self, width: float, height: float) -> str:
        """Return the SVG's text, at this size; wider ones are scaled down to 800 pixels."""
        size = {"width": _number(width), "height": _number(height)}
        for key, value in size.items():
            self._paper.set(key, value)
        scale = min(1.0, 800 / width)
        self._root.set("viewBox", f"0 0 {size['width']} {size['height']}")
        self._root.set("width", _number(width * scale))
        self._root.set("height", _number(height * scale))
        ET.indent(self._root)
        return ET.tostring(self._root, encoding="unicode") + "\n"


def unknown(name: str) -> str:
    """Return the SVG that stands where nothing is known of the modules."""
    text = f"The structure of {name} is not known: torch was missing when the study was planned."
    picture = Picture(name, name, text)
    picture.write(16, 16 + FONT, text, anchor="start")
    return picture.finish(32 + text_width(text), 32 + 2 * FONT)


def path(points: Iterable[tuple[float, float]]) -> str:
    """Return the path through points, leaving and reaching each of them straight downwards."""
    (x, y), *others = points
    parts = [f"M{_number(x)},{_number(y)}"]
    for to_x, to_y in others:
        if abs(to_x - x) < 0.5:
            parts.append(f"V{_number(to_y)}")
            to_x = x
        else:
            half = _number((y + to_y) / 2)
            parts.append(
                f"C{_number(x)},{half} {_number(to_x)},{half} {_number(to_x)},{_number(to_y)}"
            )
        x, y = to_x, to_y
    return " ".join(parts)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _style() -> str:
    rules = [
        f"text {{ font: {FONT}px sans-serif; }}",
        f".small {{ font-size: {SMALL}px; }}",
        ".strong { font-weight: bold; }",
        "rect { stroke-width: 1.2; }",
        ".edge { fill: none; stroke-width: 1.4; }",
        ".unused { stroke-dasharray: 5 4; }",
        ".frame { fill: none; stroke-width: 1; }",
        ".paper { stroke: none; }",
        ".share { stroke: none; }",
        ".over { paint-order: stroke; stroke-width: 4px; }",
        *_colours(0),
        "@media (prefers-color-scheme: dark) {",
        *(f"  {rule}" for rule in _colours(1)),
        "}",
    ]
    return "\n" + "\n".join(rules) + "\n"


def _colours(dark: int) -> list[str]:
    ink, faint = INK[dark], FAINT[dark]
    rules = [
        f"text, .head, .share {{ fill: {ink}; }}",
        f".small {{ fill: {faint}; }}",
        f".edge {{ stroke: {ink}; }}",
        f".unused, .frame {{ stroke: {faint}; }}",
        f".paper {{ fill: {PAPER[dark]}; }}",
        f".over {{ stroke: {PAPER[dark]}; }}",
    ]
    for look, colours in COLOURS.items():
        fill, stroke = colours[2 * dark : 2 * dark + 2]
        rules.append(f".{look} {{ fill: {fill}; stroke: {stroke}; }}")
    return rules
