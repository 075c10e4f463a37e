"""The picture of what is inside of a block: its layers, branches, concatenations and additions."""

from typing import Any

from blocklab.report.structure.layout import Edge, Layout, lay_out, rows_of
from blocklab.report.structure.svg import FONT, SMALL, Picture, path, text_width, unknown, wrapped

MARGIN = 16
LINE = 16  # from one line of a box to the next, in pixels
WIDEST = 800
CIRCLE, CORNER = 26, 8  # how wide one is, and how round a way into its side
CIRCLES = ("add", "product")
TRIES = 8  # to keep frames apart from boxes that are not theirs
FRAME, LABEL = 8, 16  # pixels around what a frame holds, and more for its name
TITLE, BOLD = 400, 1.2  # pixels that a title's lines may take, and what bold adds to them
NAME = 14  # pixels beside a frame's name, up to its edge and an arrow


def draw_blocks(name: str, blocks: list[dict[str, Any]]) -> str:
    """Return the SVG of one or several blocks, each with a `title` and its `structure`.

    structure: as `blocklab.networks.structure.recording.structure` returns it. Blocks that fit
    beside each other stand so, all others below.
    """
    if not blocks:
        return unknown(name)
    drawings = [_Drawing(block["title"], block["structure"]) for block in blocks]
    described = "; ".join(drawing.described() for drawing in drawings)
    titles = "; ".join(block["title"] for block in blocks)
    picture = Picture(f"{name}-block", f"{name}: inside of {titles}", described)
    x, y, width, bottom = MARGIN, MARGIN, 0.0, 0.0
    for drawing in drawings:
        if x > MARGIN and x + drawing.width + MARGIN > WIDEST:
            x, y = MARGIN, bottom + MARGIN
        drawing.draw(picture, x, y)
        width = max(width, x + drawing.width + MARGIN)
        bottom = max(bottom, y + drawing.height + MARGIN)
        x += drawing.width + 3 * MARGIN
    return picture.finish(width, bottom)


class _Drawing:
    """One block, measured and placed, then drawn."""

    def __init__(self, title: str, structure: dict[str, Any]) -> None:
        self.title, self.steps = title, structure["steps"]
        self.notes = [] if structure["complete"] else [
            "What it computes could not be followed, so the modules that it",
            "holds stand here one after another, in their order.",
        ]  # fmt: skip
        self._unused = {(i, n) for n, step in enumerate(self.steps) for i in step["unused"]}
        self.edges = sorted(
            self._unused | {(i, n) for n, step in enumerate(self.steps) for i in step["inputs"]}
        )
        self.rows = rows_of(len(self.steps), self.edges)
        self.lines = [_lines(step) for step in self.steps]
        self.sizes = [
            _size(step, lines) for step, lines in zip(self.steps, self.lines, strict=True)
        ]
        self.frames = self._frames(structure["calls"])
        self.layout = self._placed()
        self._keep_clear_frames()
        boxes = [self._bounds(number) for number in range(len(self.steps))]
        boxes += [self._around(call) for call in self.frames]
        passed = [x for way in self.layout.ways.values() for x, _ in way]
        left = min([box[0] for box in boxes] + passed)
        right = max([box[2] for box in boxes] + passed)
        self.titles = wrapped(title, TITLE)
        written = [BOLD * text_width(line) for line in self.titles]
        written += [text_width(note, SMALL) for note in self.notes]
        self.width = max(right - left, *written)
        self._left = (left + right - self.width) / 2
        self._top = LINE * len(self.titles) + 12
        self.height = self._top + max(box[3] for box in boxes) + LINE * len(self.notes)

    def described(self) -> str:
        """Return in words what the picture shows, for who does not see it."""
        said = [f"{self.title}:"]
        for number, step in enumerate(self.steps):
            of = [f"{i + 1}" for i in step["inputs"]]
            words = f"{number + 1} {_spoken(step)}"
            words += f" of {' and '.join(of)}" if of and of != [str(number)] else ""
            words += f" ({step['note']})" if step["note"] else ""
            said.append(f"{words}{',' if number + 1 < len(self.steps) else ''}")
        return " ".join(said)

    def draw(self, picture: Picture, x: float, y: float) -> None:
        """Draw it with its top left corner there."""
        for line, text in enumerate(self.titles):
            picture.write(x + self.width / 2, y + FONT + LINE * line, text, look="strong")
        self._x, self._y = x - self._left, y + self._top
        for call in self.frames:
            left, top, right, bottom = self._around(call)
            centre = self._x + (left + right) / 2, self._y + (top + bottom) / 2
            picture.box(centre, right - left, bottom - top, "frame")
        for edge in self.edges:
            look = "edge unused" if edge in self._unused else "edge"
            picture.line(self._way(edge), look)
        for call in self.frames:
            left, top, *_ = self._around(call)
            x_of, y_of = self._x + left + 6, self._y + top + 12
            picture.write(x_of, y_of, self._named(call), anchor="start", look="small over")
        for number in range(len(self.steps)):
            self._draw_step(picture, number)
        below = y + self.height - LINE * len(self.notes)
        for line, note in enumerate(self.notes, start=1):
            picture.write(x + self.width / 2, below + LINE * line, note, look="small")

    def _draw_step(self, picture: Picture, number: int) -> None:
        step, lines = self.steps[number], self.lines[number]
        x, y = self._x + self.layout.centres[number][0], self._y + self.layout.centres[number][1]
        if self._is_circle(number):
            picture.box((x, y), CIRCLE, CIRCLE, _look(step), CIRCLE / 2)
            picture.write(x, y + 5, step["words"][0], look="strong")
            side = -1 if self._from_right(number) else 1
            for line, text in enumerate(lines[1:]):
                picture.write(
                    x + side * (CIRCLE / 2 + 6),
                    y + 4 + LINE * (line - (len(lines) - 2) / 2),
                    text,
                    anchor="end" if side < 0 else "start",
                    look="small",
                )
            return
        width, height = self.sizes[number]
        picture.box(
            (x, y), width, height, _look(step), 13 if step["kind"] == "concatenation" else 5
        )
        top = y - LINE * len(lines) / 2
        for line, text in enumerate(lines):
            small = line >= min(len(step["words"]), 2)
            picture.write(x, top + LINE * (line + 0.75), text, look="small" if small else "")

    def _from_right(self, number: int) -> bool:
        """Tell whether an edge comes to a circle from its right side."""
        x = self.layout.centres[number][0]
        ways = (self.layout.ways[edge] for edge in self.edges if edge[1] == number)
        return any(way and way[-1][0] > x + CIRCLE for way in ways)

    def _way(self, edge: Edge) -> str:
        source, target = edge
        (from_x, from_y), (to_x, to_y) = (self.layout.centres[number] for number in edge)
        points = [(from_x, from_y + self._half(source)), *self.layout.ways[edge]]
        beside, circle = points[-1][0], self._is_circle(target)
        if not circle or abs(beside - to_x) <= CIRCLE:
            ways = [other for other in self.edges if other[1] == target]
            place = sorted(ways, key=self._beside).index(edge)
            room = 0 if circle else self.sizes[target][0] - 28
            port = to_x + room * ((place + 0.5) / len(ways) - 0.5)
            points.append((port, to_y - self._half(target) - 1))
            return path((self._x + x, self._y + y) for x, y in points)
        # Down beside the circle, round a corner, and into its side.
        towards = 1 if to_x > beside else -1
        points.append((beside, to_y - CORNER))
        down = path((self._x + x, self._y + y) for x, y in points)
        x, y, end = self._x + beside, self._y + to_y, self._x + to_x - towards * (CIRCLE / 2 + 1)
        return f"{down} Q{x:.1f},{y:.1f} {x + towards * CORNER:.1f},{y:.1f} H{end:.1f}"

    def _is_circle(self, number: int) -> bool:
        return self.steps[number]["kind"] in CIRCLES

    def _beside(self, edge: Edge) -> float:
        """Return the x from which an edge comes to its end."""
        way = self.layout.ways[edge]
        return way[-1][0] if way else self.layout.centres[edge[0]][0]

    def _half(self, number: int) -> float:
        return self.sizes[number][1] / 2

    def _bounds(self, number: int) -> tuple[float, float, float, float]:
        (x, y), (width, height) = self.layout.centres[number], self.sizes[number]
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2

    def _frames(self, calls: dict[str, Any]) -> dict[int, dict[str, Any]]:
        """Return the calls that get a frame: of several boxes, but not of all; or of repeats."""
        frames: dict[int, dict[str, Any]] = {}
        inner = len(self.steps) - 2
        for key, call in calls.items():
            inside = [n for n, step in enumerate(self.steps) if int(key) in step["calls"]]
            framed = any(frame["inside"] == inside for frame in frames.values())
            if call["repeat"] > 1 or (1 < len(inside) < inner and not framed):
                frames[int(key)] = call | {"inside": inside}
        return frames

    def _named(self, call: int) -> str:
        name, repeat = self.frames[call]["name"], self.frames[call]["repeat"]
        return f"{name} × {repeat}" if repeat > 1 else name

    def _around(self, call: int) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom of a frame."""
        inside = {*self.frames[call]["inside"]}
        boxes = [self._bounds(number) for number in inside]
        # Calls have rising numbers, so those within it are above its own.
        boxes += [
            self._around(other)
            for other, frame in self.frames.items()
            if other > call and {*frame["inside"]} <= inside
        ]
        passed = [x for edge, way in self.layout.ways.items() if edge[1] in inside for x, _ in way]
        left = min([box[0] for box in boxes] + passed) - FRAME
        right = max([box[2] for box in boxes] + passed) + FRAME
        top, bottom = min(box[1] for box in boxes), max(box[3] for box in boxes)
        # Its name stands to the left of the ways into the boxes below it.
        name = text_width(self._named(call), SMALL)
        left = min([left] + [self.layout.centres[n][0] - name - NAME for n in self._entered(call)])
        right = max(right, left + name + 12)
        return left, top - LABEL - 2, right, bottom + FRAME

    def _entered(self, call: int) -> list[int]:
        """Return the boxes that stand right below a frame's upper edge, with no other between."""
        inside = self.frames[call]["inside"]
        top = min(self.rows[number] for number in inside)
        deeper = {n for other in self.frames if other > call for n in self.frames[other]["inside"]}
        return [n for n in inside if self.rows[n] == top and n not in deeper]

    def _placed(self) -> Layout:
        holding = [
            {call for call, frame in self.frames.items() if number in frame["inside"]}
            for number in range(len(self.steps))
        ]
        rows = [
            [number for number, row in enumerate(self.rows) if row == r]
            for r in range(max(self.rows) + 1)
        ]

        def opened(row: int, last: bool) -> int:
            edge = max if last else min
            return max(
                sum(
                    edge(self.rows[n] for n in self.frames[c]["inside"]) == row
                    for c in holding[number]
                )
                for number in rows[row]
            )

        above = [0.0] + [
            30.0 + (LABEL + 2) * opened(row, False) + FRAME * opened(row - 1, True)
            for row in range(1, len(rows))
        ]

        apart = [0.0] * len(self.steps)

        def between(a: Edge, b: Edge) -> float:
            own, other = holding[a[1]], holding[b[1]]
            return 24.0 + FRAME * len(own ^ other) + sum(apart[i] for i, n in (a, b) if i == n)

        for _ in range(TRIES):
            self.layout = lay_out(self.sizes, self.edges, above, between)
            strangers = {number for call in self.frames for number in self._strangers(call)}
            for number in strangers:
                apart[number] += 8.0
            if not strangers:
                break
        return self.layout

    def _strangers(self, call: int) -> list[int]:
        """Return the boxes that a frame cuts or holds without being theirs."""
        left, top, right, bottom = self._around(call)
        others = set(range(len(self.steps))) - {*self.frames[call]["inside"]}
        boxes = ((number, self._bounds(number)) for number in sorted(others))
        return [
            number
            for number, (a, b, c, d) in boxes
            if a < right + FRAME and c > left - FRAME and b < bottom and d > top
        ]

    def _keep_clear_frames(self) -> None:
        """Drop frames that would hold boxes of others, as nested ones in rare graphs do."""
        for call in list(self.frames):
            if self._strangers(call):
                if self.frames[call]["repeat"] > 1:
                    self.notes.append(
                        f"{self.frames[call]['name']} stands for {self._named(call)}."
                    )
                del self.frames[call]


def _look(step: dict[str, Any]) -> str:
    looks = dict.fromkeys((*CIRCLES, "concatenation"), "operator") | {"output": "input"}
    return looks.get(step["kind"], step["kind"]) + " unused" * bool(step["unused"])


def _lines(step: dict[str, Any]) -> list[str]:
    """Return the lines of a box: what it is, what goes with it, the shape after it, parameters."""
    if step["kind"] in CIRCLES:
        return [step["words"][0], *(step["note"].split(": ") if step["note"] else [])]
    lines = [step["words"][0]]
    lines += [", ".join(step["words"][1:])] if step["words"][1:] else []
    if step["kind"] != "attention":  # its heads have a shape of their own, which says little
        shape = " × ".join(map(str, step["shape"]))
        lines += [shape] if shape else []
    lines += [f"{step['parameters']:,} parameters"] if step["parameters"] else []
    return lines


def _size(step: dict[str, Any], lines: list[str]) -> tuple[float, float]:
    if step["kind"] in CIRCLES:
        beside = max((text_width(line, SMALL) for line in lines[1:]), default=0)
        return CIRCLE + (2 * (beside + 8) if beside else 0), CIRCLE
    widths = [text_width(line, FONT if i < 2 else SMALL) for i, line in enumerate(lines)]
    least = 44.0 * len(step["inputs"]) + 28 if step["kind"] == "concatenation" else 100.0
    return max(least, round(max(widths) + 20)), LINE * len(lines) + 10.0


def _spoken(step: dict[str, Any]) -> str:
    words = {"+": "addition", "−": "subtraction", "×": "product"}
    shape = " × ".join(map(str, step["shape"]))
    return ", ".join(
        [*(words.get(word, word) for word in step["words"]), *([shape] if shape else [])]
    )
