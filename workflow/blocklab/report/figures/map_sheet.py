"""A sheet of maps: an image per row, a map per row and column, in blocks that fit a page."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from blocklab.explanation.ink import ink, on_black
from blocklab.report.figures.shares import limit
from blocklab.report.figures.style import LOOK, clip

MAP_LOOK = {**LOOK, "axes.grid": False, "axes.spines.top": True, "axes.spines.right": True}
PERCENTILE = 95
SMALL = 8.25  # points, which are 11 pixels
SMALLEST = 7.5  # points; where a caption in one line would be smaller it has two
LONGEST_NAME = 24  # characters, in lines of
NAME_LINE = 11
UNBROKEN = 13  # characters of a word of a title
WRONG = "\N{BALLOT X}"
# Inches: the page's width, and what is between and around maps.
WIDTH, LEAST_WIDTH = 8.6, 5.7
GAP, CAPTION, CAPTION_LINE, FOOTER, BETWEEN_BLOCKS = 0.08, 0.2, 0.13, 0.2, 0.15


@dataclass(frozen=True)
class Row:
    """An image, uint8 [C, H, W], the text to its left and the one above it."""

    name: str
    image: np.ndarray
    heading: str


@dataclass(frozen=True)
class Caption:
    """What a network says of an image: the class, what is said beside it, whether it is wrong."""

    predicted: str
    beside: str
    wrong: bool

    def lines(self, characters: int, broken: bool) -> list[str]:
        """Return the caption in one line or two, with the class cut short to fit in."""
        sign = f"{WRONG} " if self.wrong else ""
        if broken:
            return [f"{sign}{clip(self.predicted, characters - len(sign))}", self.beside]
        room = characters - len(sign) - len(self.beside) - 2
        return [f"{sign}{clip(self.predicted, max(3, room))}  {self.beside}"]


@dataclass(frozen=True)
class Column:
    """Maps [R, H, W] in shares, a caption above each if there are any, a text below them all."""

    title: str
    maps: np.ndarray
    captions: Sequence[Caption] = ()
    footer: str = ""


@dataclass(frozen=True)
class Block:
    """The rows and columns that stand together; a sheet too long or too wide has several."""

    rows: range
    columns: range


def side_by_side(rows: int, columns: int, most_rows: int) -> list[Block]:
    """Return two blocks of half the rows each, or one of all if they are at most `most_rows`."""
    half = ceil(rows / 2) if rows > most_rows else rows
    parts = [range(start, min(start + half, rows)) for start in range(0, rows, half)]
    return [Block(part, range(columns)) for part in parts]


def stacked(rows: int, columns: int, most_columns: int) -> list[Block]:
    """Return blocks of all rows, one below the other, of about as many columns each."""
    each = ceil(columns / ceil(columns / most_columns))
    parts = [range(start, min(start + each, columns)) for start in range(0, columns, each)]
    return [Block(range(rows), part) for part in parts]


def draw_sheet(
    rows: Sequence[Row],
    columns: Sequence[Column],
    blocks: Sequence[Block],
    *,
    heading: str,
    notes: str,
    largest: float,
    images: str = "input",
    beside: bool = False,
    brief: bool = False,
) -> Figure:
    """Return the figure of `blocks`, each of which begins with its rows' images.

    All maps share one symmetric scale: see `shares.limit`. What it clips is added to `notes`, the
    text below the heading. `largest`: a map's side in inches where there is room for it. `images`:
    the title of the images. `beside`: blocks stand side by side, not one below the other. `brief`:
    `notes` are left as they are.
    """
    layout = _lay_out(rows, columns, blocks, images, largest, beside)
    inked = ink(np.stack([row.image for row in rows]))
    outlined = on_black(inked.mean())
    scale = limit([column.maps for column in columns], inked, PERCENTILE)
    beyond = max(_share_beyond(column.maps[inked], scale) for column in columns)
    what = "ink" if outlined else "pixels"
    if beyond >= 0.0005 and not brief:
        notes += f" The scale clips at most {100 * beyond:.1f} % of a column's {what}."
    notes += f" Thin line: outline of the {images}." if outlined and not brief else ""

    abreast = len(blocks) if beside else 1
    width = abreast * layout.width + (abreast - 1) * BETWEEN_BLOCKS + 0.06
    width = max(width, LEAST_WIDTH)
    notes = textwrap.fill(notes, round(15 * width))
    top = 0.38 + 0.15 * (notes.count("\n") + 1)
    heights = [layout.height(block) for block in blocks]
    height = top + (max(heights) if beside else sum(heights)) + 0.5
    figure = Figure(figsize=(width, height))
    figure.text(0.1 / width, 1 - 0.1 / height, heading, size=11, va="top")
    figure.text(0.1 / width, 1 - 0.36 / height, notes, size=SMALL, va="top", color="0.3")

    x, y = 0.0, top
    for block, block_height in zip(blocks, heights, strict=True):
        for place, row, column in layout.cells(block):
            axes = _place(figure, (x + place[0], y + place[1]), layout.cell)
            if column is None:
                _draw_input(axes, rows[row], layout)
            else:
                _draw_map(axes, rows[row], columns[column].maps[row], scale, outlined)
                if columns[column].captions:
                    _draw_caption(axes, columns[column].captions[row], layout)
            if row == block.rows[0]:
                title = layout.titles[0 if column is None else column + 1]
                look = {"va": "bottom", "weight": "bold", "size": layout.letters}
                _write(axes, title, (0.5, 1), 72 * layout.above, **look)
            if row == block.rows[-1] and column is not None:
                footer = columns[column].footer
                look = {"va": "top", "size": _fitting(footer, layout.cell, SMALL)}
                _write(axes, footer, (0.5, 0), -4, **look)
        x += (layout.width + BETWEEN_BLOCKS) if beside else 0
        y += 0 if beside else block_height
    _draw_bar(figure, scale, beyond)
    return figure


@dataclass(frozen=True)
class _Layout:
    """What a block measures, in inches, and what is to fit in.

    cell: side of a map. left: of the first image. across: images and maps in a row. broken: whether
    captions have two lines. titles: of the images and of every column. letters: of titles, in
    points. footers: height of the texts below.
    """

    cell: float
    left: float
    across: int
    broken: bool
    titles: Sequence[str]
    letters: float
    footers: float

    @property
    def above(self) -> float:
        """The height of what stands above a map."""
        return CAPTION + CAPTION_LINE * self.broken

    @property
    def title_height(self) -> float:
        return 0.1 + 0.15 * (1 + max(title.count("\n") for title in self.titles[1:])) + self.above

    @property
    def width(self) -> float:
        return self.left + self.across * (self.cell + GAP)

    def height(self, block: Block) -> float:
        return self.title_height + len(block.rows) * (self.cell + self.above) + self.footers

    def cells(self, block: Block) -> Iterator[tuple[tuple[float, float], int, int | None]]:
        """Yield where each image and map has its upper left corner, its row and its column.

        The column of an image is None.
        """
        for down, row in enumerate(block.rows):
            y = self.title_height + down * (self.cell + self.above)
            for over, column in enumerate([None, *block.columns]):
                yield (self.left + over * (self.cell + GAP), y), row, column


def _lay_out(
    rows: Sequence[Row],
    columns: Sequence[Column],
    blocks: Sequence[Block],
    images: str,
    largest: float,
    beside: bool,
) -> _Layout:
    """Return the largest maps, up to `largest`, that the page's width leaves room for."""
    names = [line for row in rows for line in _name(row.name).split("\n")]
    left = 0.16 + 0.075 * max(map(len, names))
    across = max(len(block.columns) for block in blocks) + 1
    abreast = len(blocks) if beside else 1
    cell = (WIDTH / abreast - left) / across - GAP - (BETWEEN_BLOCKS / across if beside else 0)
    cell = min(cell, largest)
    titles = [images, *(_title(column.title, cell + GAP) for column in columns)]
    letters = min(_fitting(line, 0.95 * cell, 9) for title in titles for line in title.split("\n"))
    captions = [caption for column in columns for caption in column.captions]
    whole = (line for caption in captions for line in caption.lines(LONGEST_NAME * 2, False))
    broken = min((_fitting(line, 0.95 * cell, SMALL) for line in whole), default=SMALL) < SMALLEST
    footers = FOOTER if any(column.footer for column in columns) else 0
    return _Layout(cell, left, across, broken, titles, letters, footers)


def _place(figure: Figure, place: tuple[float, float], side: float) -> Axes:
    """Return square axes whose upper left corner is `place`, in inches from that of the figure."""
    width, height = figure.get_size_inches()
    corner = place[0] / width, 1 - (place[1] + side) / height
    return figure.add_axes((*corner, side / width, side / height), xticks=[], yticks=[])


def _draw_input(axes: Axes, row: Row, layout: _Layout) -> None:
    image = row.image
    pixels = image[0] if len(image) == 1 else np.moveaxis(image, 0, -1)
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255)
    axes.set_title(row.heading, size=_fitting(row.heading, layout.cell, SMALL), color="0.4", pad=3)
    axes.set_ylabel(_name(row.name), rotation=0, ha="right", va="center", size=9)


def _draw_map(axes: Axes, row: Row, values: np.ndarray, scale: float, outlined: bool) -> None:
    axes.imshow(values, cmap="RdBu_r", vmin=-scale, vmax=scale)
    axes.spines[:].set_color("0.8")
    if not np.isfinite(values).any():
        _write(axes, "not finite", (0.5, 0.5), 0, va="center", size=SMALL, color="0.3")
        return
    bright = row.image.mean(axis=0)
    if outlined and bright.min() < bright.max():
        # At half the brightness, so that the eye finds the digit under a map.
        level = (bright.min() + bright.max()) / 2
        axes.contour(bright, levels=[level], colors="0.3", linewidths=0.5, alpha=0.6)


def _draw_caption(axes: Axes, caption: Caption, layout: _Layout) -> None:
    # What is readable still: in smaller letters, and cut short beyond that.
    lines = caption.lines(round(21 * layout.cell), layout.broken)
    size = min(_fitting(line, 0.95 * layout.cell, 8.5) for line in lines)
    weight = "bold" if caption.wrong else "normal"
    axes.set_title("\n".join(lines), size=size, pad=3, weight=weight, linespacing=1.1)
    if caption.wrong:
        axes.spines[:].set(color="black", linewidth=2)


def _draw_bar(figure: Figure, scale: float, beyond: float) -> None:
    width, height = figure.get_size_inches()
    bar = figure.add_axes((0.35 / width, 0.36 / height, 2.4 / width, 0.11 / height))
    drawn = next(axes.images[0] for axes in figure.axes if _is_map(axes))
    figure.colorbar(
        drawn, cax=bar, orientation="horizontal", extend="both" if beyond else "neither",
        ticks=[-scale, 0, scale],
    )  # fmt: skip
    ends = f"{100 * scale:.2g} %"
    bar.set_xticklabels([f"\N{MINUS SIGN}{ends}", "0", f"+{ends}"])
    bar.tick_params(labelsize=SMALL)
    label = "share of the map's absolute attribution"
    bar.text(1.08, 0.5, label, size=8.5, va="center", transform=bar.transAxes)


def _is_map(axes: Axes) -> bool:
    return bool(axes.images) and axes.images[0].cmap.name == "RdBu_r"


def _write(axes: Axes, text: str, where: tuple[float, float], up: float, **look: object) -> None:
    axes.annotate(
        text, where, (0, up), xycoords="axes fraction", textcoords="offset points", ha="center",
        **look,
    )  # fmt: skip


def _share_beyond(values: np.ndarray, scale: float) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float((finite > scale).mean()) if finite.size else 0.0


def _fitting(text: str, inches: float, most: float) -> float:
    """Return the size at which a line of text is no wider than `inches`, or `most` if smaller."""
    return min(most, 72 * inches / (0.6 * max(len(text), 1)))


def _name(name: str) -> str:
    """Return a class's name in short lines; a line that the caller broke stays broken."""
    first, *rest = name.split("\n")
    return "\n".join([textwrap.fill(clip(first, LONGEST_NAME), NAME_LINE), *rest])


def _title(title: str, inches: float) -> str:
    """Break a title after its underscores and spaces where it is wider than `inches`.

    Words of some length stay whole; the letters get smaller instead.
    """
    lines = title.replace("_", "_ ").split("\n")
    longest = max((len(word) for line in lines for word in line.split()), default=0)
    width = max(10, int(inches / 0.085), min(longest, UNBROKEN))
    return "\n".join(textwrap.fill(line, width) for line in lines).replace("_ ", "_")
