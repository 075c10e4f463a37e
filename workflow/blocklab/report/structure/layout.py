"""Where the boxes of a graph go: in rows from top to bottom, edges between them.

The method of Sugiyama et al. 1981 (doi 10.1109/TSMC.1981.4308636), small: rows by the longest way
from the input, an empty place in every row that an edge passes, an order with few crossings, and
columns that keep edges straight.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SWEEPS = 8
ALIGNMENTS = 300
# How much it counts that an edge is straight: on its way through rows, where it is all that leaves
# or reaches a box, and elsewhere; least where one that passed rows ends, as shortcuts do.
PASSING, ONLY, ONE_OF_SEVERAL, END = 16.0, 4.0, 0.5, 0.02

Edge = tuple[int, int]
Point = tuple[float, float]


@dataclass
class Layout:
    """Centres of the boxes, by number, and of every edge the points that it passes."""

    centres: list[Point]
    ways: dict[Edge, list[Point]]


def rows_of(boxes: int, edges: Sequence[Edge]) -> list[int]:
    """Return the row of every box; an edge leads from a box to one of a higher number."""
    rows = [0] * boxes
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        rows[target] = max(rows[target], rows[source] + 1)
    return rows


def lay_out(
    sizes: Sequence[tuple[float, float]],
    edges: Sequence[Edge],
    space_above: Sequence[float],
    space_between: Callable[[Edge, Edge], float],
) -> Layout:
    """Place boxes of (width, height) in rows, the leftmost and the topmost at 0.

    space_above: of every row. space_between(a, b): neighbours in a row, of which each is an edge
    that passes, or a box as an edge to itself.
    """
    row_of = rows_of(len(sizes), edges)
    rows: list[list[Edge]] = [[] for _ in range(max(row_of) + 1)]
    for box, row in enumerate(row_of):
        rows[row].append((box, box))
    links: list[tuple[tuple[int, Edge], tuple[int, Edge], float]] = []
    for edge in edges:
        source, target = edge
        passed = [(row, edge) for row in range(row_of[source] + 1, row_of[target])]
        for row, _ in passed:
            rows[row].append(edge)
        way = [(row_of[source], (source, source)), *passed, (row_of[target], (target, target))]
        links += [
            (a, b, _straightness(a[1], b[1], edge, edges)) for a, b in itertools.pairwise(way)
        ]
    near: dict[tuple[int, Edge], list[tuple[tuple[int, Edge], float]]] = {}
    for a, b, weight in links:
        near.setdefault(a, []).append((b, weight))
        near.setdefault(b, []).append((a, weight))
    rows = _ordered(rows, near)
    columns = _columns(rows, near, sizes, space_between)
    heights = [max(sizes[a][1] for a, b in row if a == b) for row in rows]
    tops = [0.0] * len(rows)
    for row in range(1, len(rows)):
        tops[row] = tops[row - 1] + heights[row - 1] + space_above[row]
    ways = {}
    for source, target in edges:
        ways[source, target] = [
            point
            for row in range(row_of[source] + 1, row_of[target])
            for point in (
                (columns[row, (source, target)], tops[row]),
                (columns[row, (source, target)], tops[row] + heights[row]),
            )
        ]
    centres = [
        (columns[row, (box, box)], tops[row] + heights[row] / 2) for box, row in enumerate(row_of)
    ]
    return Layout(centres, ways)


def _straightness(a: Edge, b: Edge, edge: Edge, edges: Sequence[Edge]) -> float:
    if a == b:
        return PASSING
    leaving = sum(source == edge[0] for source, _ in edges)
    reaching = sum(target == edge[1] for _, target in edges)
    from_box, to_box = a != edge, b != edge
    if (from_box and leaving == 1) or (to_box and reaching == 1):
        return ONLY
    return ONE_OF_SEVERAL if from_box and to_box else END


def _ordered(rows, near):
    """Return rows in the order with the fewest crossings that sorting by neighbours finds."""
    best, fewest = rows, _crossings(rows, near)
    for sweep in range(SWEEPS):
        rows = [[*row] for row in rows]
        down = sweep % 2 == 0
        for row in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            beside = row - 1 if down else row + 1
            place = {item: i for i, item in enumerate(rows[beside])}

            middles = {}
            for i, item in enumerate(rows[row]):
                found = [place[b] for (r, b), _ in near.get((row, item), ()) if r == beside]
                middles[item] = sum(found) / len(found) if found else i
            rows[row].sort(key=middles.__getitem__)
        if (crossings := _crossings(rows, near)) < fewest:
            best, fewest = rows, crossings
    return best


def _crossings(rows, near) -> int:
    total = 0
    for row in range(len(rows) - 1):
        below = {item: i for i, item in enumerate(rows[row + 1])}
        ends = [
            (i, below[b])
            for i, item in enumerate(rows[row])
            for (r, b), _ in near.get((row, item), ())
            if r == row + 1
        ]
        total += sum(a < c and b > d for a, b in ends for c, d in ends)
    return total


def _columns(rows, near, sizes, space_between) -> dict:
    """Return the x of every place, edges as straight as the widths allow."""

    def width(item):
        return sizes[item[0]][0] if item[0] == item[1] else 0.0

    apart = [
        [(width(a) + width(b)) / 2 + space_between(a, b) for a, b in itertools.pairwise(row)]
        for row in rows
    ]
    x = {}
    for number, row in enumerate(rows):
        for item, place in zip(
            row, _spread([0.0] * len(row), [1] * len(row), apart[number]), strict=True
        ):
            x[number, item] = place
    for turn in range(ALIGNMENTS):
        order = range(len(rows)) if turn % 2 == 0 else range(len(rows) - 1, -1, -1)
        for number in order:
            wanted, weights = [], []
            for item in rows[number]:
                beside = near.get((number, item), [])
                weight = sum(w for _, w in beside)
                weights.append(weight or 1.0)
                mean = sum(x[place] * w for place, w in beside) / weight if weight else 0.0
                wanted.append(mean)
            placed = _spread(wanted, weights, apart[number])
            x.update({(number, i): p for i, p in zip(rows[number], placed, strict=True)})
    left = min(place - width(item) / 2 for (_, item), place in x.items())
    return {key: round(place - left, 1) for key, place in x.items()}


def _spread(wanted, weights, apart) -> list[float]:
    """Return the places nearest to those wanted, by weighted squares, that are far enough apart."""
    offset = [0.0]
    for space in apart:
        offset.append(offset[-1] + space)
    groups: list[list[float]] = []  # [mean, weight, how many]
    for want, weight, shift in zip(wanted, weights, offset, strict=True):
        groups.append([want - shift, weight, 1])
        while len(groups) > 1 and groups[-2][0] > groups[-1][0]:
            mean, heavy, many = groups.pop()
            total = groups[-1][1] + heavy
            groups[-1][0] = (groups[-1][0] * groups[-1][1] + mean * heavy) / total
            groups[-1][1], groups[-1][2] = total, groups[-1][2] + many
    means = [mean for mean, _, many in groups for _ in range(int(many))]
    return [mean + shift for mean, shift in zip(means, offset, strict=True)]
