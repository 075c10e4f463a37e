"""The picture of a whole network: its layers one after another, with shapes and parameters."""

from typing import Any

from blocklab.report.structure.svg import Picture, text_width, unknown, wrapped

MARGIN = 16
WIDTH, GAP = 162, 26  # of a box and between two, in pixels: four in a row of at most 800
PER_ROW = 4
LINE = 15
BETWEEN_ROWS = 34
ARC = 24  # room above a box for its shortcut


def draw_network(name: str, layers: list[dict[str, Any]]) -> str:
    """Return the SVG of a network; `layers` as `network_structure` has them, none if unknown."""
    if not layers:
        return unknown(name)
    total = sum(layer["parameters"] for layer in layers)
    words = [_words(layer) for layer in layers]
    folded = "different " if any(layer["repeat"] > 1 for layer in layers) else ""
    title = f"{name}: {len(layers) - 1} {folded}layers in a row, {total:,} parameters"
    described = "; ".join(", ".join(_spoken(layer)) for layer in layers)
    picture = Picture(f"{name}-network", title, described)
    y, centres, heights = MARGIN + 0.0, [], []
    for start in range(0, len(layers), PER_ROW):
        row = range(start, min(start + PER_ROW, len(layers)))
        y += ARC * any(layers[number]["shortcut"] is not None for number in row)
        height = max(LINE * len(words[number]) for number in row) + 18.0
        centres += [(MARGIN + WIDTH * (i + 0.5) + GAP * i, y + height / 2) for i in range(len(row))]
        heights += [height] * len(row)
        y += height + BETWEEN_ROWS
    for number in range(1, len(layers)):
        _join(picture, centres[number - 1], centres[number], heights[number - 1], heights[number])
    for layer, lines, centre, height in zip(layers, words, centres, heights, strict=True):
        if layer["shortcut"] is not None:
            _shortcut(picture, centre, height, layer["shortcut"])
        _box(picture, centre, height, lines, layer, total)
    widest = min(len(layers), PER_ROW)
    width, bottom = 2 * MARGIN + widest * WIDTH + (widest - 1) * GAP, y - BETWEEN_ROWS + MARGIN
    if total:
        said = f"bars: share of the {total:,} parameters"
        picture.write(width - MARGIN, bottom + 8, said, anchor="end", look="small")
        bottom += LINE + 4
    return picture.finish(width, bottom)


def _box(picture, centre, height, lines, layer, total) -> None:
    x, y = centre
    picture.box(centre, WIDTH, height, layer["kind"])
    top = y - (LINE * len(lines) + 4) / 2
    for number, (text, look) in enumerate(lines):
        picture.write(x, top + LINE * (number + 0.8), text, look=look)
    if layer["parameters"]:
        # How much of the network's parameters it holds.
        share = (WIDTH - 16) * layer["parameters"] / total
        picture.box(
            (x - WIDTH / 2 + 8 + share / 2, y + height / 2 - 6), max(share, 1), 3, "share", 1
        )


def _join(picture, before, after, height_before, height_after) -> None:
    (x, y), (to_x, to_y) = before, after
    if to_y == y:
        picture.line(f"M{x + WIDTH / 2:.0f},{y:.1f} H{to_x - WIDTH / 2 - 1:.0f}")
        return
    # Down, and back to the start of the next row.
    low, high = y + height_before / 2, to_y - height_after / 2
    middle = low + BETWEEN_ROWS / 2 - 4
    picture.line(f"M{x:.0f},{low:.1f} V{middle:.1f} H{to_x:.0f} V{high - 1:.1f}")


def _shortcut(picture, centre, height, used: bool) -> None:
    x, y = centre
    top, side = y - height / 2, WIDTH / 2 - 10
    picture.line(
        f"M{x - side:.0f},{top:.1f} V{top - ARC + 4:.1f} H{x + side:.0f} V{top - 1:.1f}",
        "edge" if used else "edge unused",
    )
    picture.write(x, top - 5, "shortcut" if used else "shortcut inactive", look="small")


def _words(layer: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the lines of a box, each with its look."""
    name, _, arguments = layer["layer"].partition(", ")
    if text_width(name) > WIDTH - 24:  # a long first argument goes with the others
        name, _, first = name.partition(" ")
        arguments = ", ".join(filter(None, [first, arguments]))
    repeat = f"{layer['repeat']} × " if layer["repeat"] > 1 else ""
    lines = [(_cut(f"{repeat}{name}"), "strong")]
    lines += [(_cut(line), "") for line in wrapped(arguments, WIDTH - 12)]
    lines.append((" × ".join(map(str, layer["shape"])), "small"))
    if layer["parameters"]:
        lines.append((f"{layer['parameters']:,} parameters", "small"))
    return lines


def _cut(line: str) -> str:
    if text_width(line) <= WIDTH - 8:
        return line
    while text_width(f"{line}…") > WIDTH - 8:
        line = line[:-1]
    return f"{line}…"


def _spoken(layer: dict[str, Any]) -> list[str]:
    shortcut = {None: [], True: ["shortcut"], False: ["shortcut inactive"]}[layer["shortcut"]]
    return [text.removesuffix(",") for text, _ in _words(layer)] + shortcut
