"""The pictures of structures show what they are given, and stand by themselves."""

import re
import xml.etree.ElementTree as ET

import pytest
import torch
import yaml

from blocklab.files import PROJECT
from blocklab.networks.arguments import infer
from blocklab.networks.blocks.registry import all_blocks
from blocklab.networks.network import resolve
from blocklab.networks.structure.drawn import network_structure
from blocklab.networks.structure.recording import structure
from blocklab.report.structure.block import draw_blocks
from blocklab.report.structure.chain import draw_network
from blocklab.report.structure.layout import lay_out, rows_of
from blocklab.report.structure.svg import SMALL, text_width

SVG = "{http://www.w3.org/2000/svg}"
IMAGE = (1, 32, 32)
NETWORKS = yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))["networks"]
HOSTILE = '</text><script>alert("1")</script> & \x00\x1b]8;;'
WIDE = {"bottleneck_csp": {"depth": 3}, "transformer_block": {"heads": 2, "depth": 3}}


@pytest.fixture(scope="module")
def drawn():
    networks = {
        name: network_structure(resolve(name, network["layers"], IMAGE, 10), IMAGE)
        for name, network in NETWORKS.items()
    }
    blocks = {f"{name}_block": draw_blocks(name, one["blocks"]) for name, one in networks.items()}
    return blocks | {name: draw_network(name, one["layers"]) for name, one in networks.items()}


def of_block(name, channels=8, **arguments):
    cls, shape = all_blocks()[name], (channels, 32, 32)
    with torch.device("meta"):
        module = cls(**infer(cls, shape), out=16, **arguments)
    return draw_blocks(name, [{"title": name, "structure": structure(module, shape)}])


def texts(svg):
    return [element.text for element in ET.fromstring(svg).iter(f"{SVG}text")]


def rectangles(svg, *, frames):
    """Return left, top, right and bottom of the boxes or the frames."""
    found = []
    for element in ET.fromstring(svg).iter(f"{SVG}rect"):
        look = element.get("class").split()
        if "paper" not in look and "share" not in look and ("frame" in look) == frames:
            x, y, width, height = (float(element.get(k)) for k in ("x", "y", "width", "height"))
            found.append((x, y, x + width, y + height))
    return found


def apart(a, b):
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def within(a, b):
    return a[0] >= b[0] and a[1] >= b[1] and a[2] <= b[2] and a[3] <= b[3]


def test_every_picture_stands_by_itself_and_fits_a_page(drawn):
    for name, svg in drawn.items():
        root = ET.fromstring(svg)
        assert root.get("role") == "img"
        title, description = root.get("aria-labelledby").split()
        told = {element.get("id"): element.text for element in root}
        assert told[title].startswith(name.removesuffix("_block"))
        assert len(told[description]) > 20
        assert 0 < float(root.get("width")) <= 800
        assert "prefers-color-scheme: dark" in svg
        assert re.findall(r"(?:href|src|url)\W*(?:http|//|data)|<script|<image|\bon\w+=", svg) == []


def test_the_same_is_drawn_the_same(drawn):
    layers = resolve("csp", NETWORKS["csp"]["layers"], IMAGE, 10)
    again = network_structure(layers, IMAGE)
    assert draw_blocks("csp", again["blocks"]) == drawn["csp_block"]
    assert draw_network("csp", again["layers"]) == drawn["csp"]


@pytest.mark.parametrize("name", ["bottleneck", "c3", "spp", "sppf", *WIDE])
@pytest.mark.parametrize("channels", [8, 16])
def test_boxes_are_apart_and_frames_hold_them_whole(name, channels):
    svg = of_block(name, channels, **WIDE.get(name, {}))
    boxes, frames = rectangles(svg, frames=False), rectangles(svg, frames=True)
    assert all(apart(a, b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(apart(box, frame) or within(box, frame) for box in boxes for frame in frames)


@pytest.mark.parametrize(
    ("block", "frame"), [("transformer_block", "feed_forward"), ("c3", "Bottleneck")]
)
def test_the_name_of_a_frame_does_not_cover_the_way_into_it(block, frame):
    svg = of_block(block)
    (name,) = (e for e in ET.fromstring(svg).iter(f"{SVG}text") if e.text == frame)
    left, y = float(name.get("x")), float(name.get("y"))
    below = min(
        (
            box
            for box in rectangles(svg, frames=False)
            if box[1] > y and box[2] > left > box[0] - 60
        ),
        key=lambda box: box[1],
    )
    assert below[1] - y < 10
    assert left + text_width(frame, SMALL) < (below[0] + below[2]) / 2 - 4


def test_an_inactive_shortcut_is_dashed_and_says_so(drawn):
    used, unused = of_block("bottleneck", 16), of_block("bottleneck", 8)
    assert used.count('class="edge unused"') == 0 and "inactive" not in texts(used)
    assert unused.count('class="edge unused"') == 1
    assert {"inactive", "8 and 16 channels"} <= {*texts(unused)}
    assert texts(drawn["bottleneck"]).count("shortcut inactive") == 2
    assert drawn["bottleneck"].count('class="edge unused"') == 2


def test_a_long_title_takes_lines_that_fit():
    title = "transformer_block 8, heads 2, patch 4, positions learned, norm true, activation gelu"
    step = {"kind": "input", "words": ["input"], "shape": [1], "inputs": [], "parameters": 0}
    inside = {"steps": [step | {"note": "", "unused": [], "calls": []}], "calls": {}}
    svg = draw_blocks("toy", [{"title": title, "structure": inside | {"complete": True}}])
    lines = texts(svg)[: texts(svg).index("input")]
    assert len(lines) > 1 and " ".join(lines) == title
    assert all(text_width(line) < float(ET.fromstring(svg).get("width")) for line in lines)


def test_branches_additions_and_concatenations_are_there(drawn):
    assert texts(drawn["csp_block"]).count("+") == 1
    assert texts(drawn["csp_block"]).count("concatenation") == 1
    assert texts(drawn["sppf_block"]).count("max-pool 5×5, stride 1") == 3
    transformer = texts(drawn["transformer_block"])
    assert {"query", "key", "value", "attention, 1 head", "TransformerLayer × 2"} <= {*transformer}
    # Of 11 boxes in all, the addition and the concatenation have two edges more than the others.
    assert drawn["csp_block"].count('class="edge"') == 12


def test_a_chain_says_shapes_and_parameters_and_folds_repeats(drawn):
    said = texts(drawn["vgg"])
    assert said[:2] == ["input", "1 × 32 × 32"]
    assert {"2 × conv 8", "2 × conv 16", "16 × 8 × 8", "680 parameters", "linear 10"} <= {*said}
    title = ET.fromstring(drawn["vgg"]).find(f"{SVG}title").text
    assert title == "vgg: 6 different layers in a row, 14,450 parameters"


def test_no_name_is_more_than_text():
    step = {"kind": "other", "words": [HOSTILE], "shape": [1], "inputs": [0], "parameters": 0}
    rest = {"note": "", "unused": [], "calls": []}
    first = step | rest | {"kind": "input", "inputs": []}
    inside = {"steps": [first, step | rest], "calls": {}, "complete": False}
    layer = {"layer": HOSTILE, "repeat": 1, "shape": [1], "parameters": 1, "kind": "other"}
    for svg in (
        draw_blocks(HOSTILE, [{"title": HOSTILE, "structure": inside}]),
        draw_network(HOSTILE, [layer | {"shortcut": None}]),
    ):
        tags = {element.tag.removeprefix(SVG) for element in ET.fromstring(svg).iter()}
        assert tags <= {"svg", "title", "desc", "style", "defs", "marker", "path", "rect", "text"}


def test_what_could_not_be_followed_says_so():
    step = {"kind": "input", "words": ["input"], "shape": [1], "inputs": [], "parameters": 0}
    steps = [step | {"note": "", "unused": [], "calls": []}]
    inside = {"steps": steps, "calls": {}, "complete": False}
    svg = draw_blocks("toy", [{"title": "toy", "structure": inside}])
    assert "What it computes could not be followed, so the modules that it" in texts(svg)


@pytest.mark.parametrize("draw", [draw_network, draw_blocks])
def test_what_is_not_known_says_so(draw):
    (said,) = texts(draw("vgg", []))
    assert said.startswith("The structure of vgg is not known: torch was missing")


def test_rows_are_by_the_longest_way():
    assert rows_of(5, [(0, 1), (0, 2), (2, 3), (1, 4), (3, 4)]) == [0, 1, 1, 2, 3]


def test_a_layout_uncrosses_edges_and_keeps_a_chain_straight():
    sizes = [(40.0, 10.0)] * 5
    # 0 -> 1 -> 2 -> 3, past which an edge 0 -> 3 leads; 4 is below 3.
    edges = [(0, 1), (1, 2), (2, 3), (0, 3), (3, 4)]
    layout = lay_out(sizes, edges, [0, 10, 10, 10, 10], lambda a, b: 20.0)
    columns = [x for x, _ in layout.centres]
    assert max(columns) - min(columns) < 2
    assert [y for _, y in layout.centres] == [5, 25, 45, 65, 85]
    passing = {x for x, _ in layout.ways[0, 3]}
    assert min(passing) >= columns[1] + 20 + 20 - 0.1  # half a box, and the space
    crossed = lay_out(sizes[:4], [(0, 3), (1, 2)], [0, 10], lambda a, b: 20.0)
    left_first = crossed.centres[0][0] < crossed.centres[1][0]
    assert left_first == (crossed.centres[3][0] < crossed.centres[2][0])
