"""What is drawn of a module is what it does: every step, its inputs, and what it leaves out."""

import pytest
import torch
from torch import nn

from blocklab.networks.arguments import infer
from blocklab.networks.blocks.registry import all_blocks
from blocklab.networks.kernels.compiled import kernels
from blocklab.networks.network import resolve
from blocklab.networks.structure.drawn import network_structure
from blocklab.networks.structure.recording import structure

MAPS = (8, 32, 32)


def inside(name, shape=MAPS, **arguments):
    cls = all_blocks()[name]
    with torch.device("meta"):
        return structure(cls(**infer(cls, shape) | arguments), shape)


def short(graph):
    """Every step as its number, first word and inputs, with '-' before those that are unused."""
    return [
        (i, step["words"][0], step["inputs"] + [-unused for unused in step["unused"]])
        for i, step in enumerate(graph["steps"])
    ]


def test_a_shortcut_is_an_addition_of_the_input():
    graph = inside("bottleneck", out=8)
    assert short(graph) == [
        (0, "input", []),
        (1, "conv 3×3", [0]),
        (2, "conv 3×3", [1]),
        (3, "+", [0, 2]),
        (4, "output", [3]),
    ]
    reduce = graph["steps"][1]
    assert reduce["words"] == ["conv 3×3", "batch norm", "SiLU"]
    assert reduce["shape"] == [4, 32, 32]
    assert reduce["parameters"] == 4 * 8 * 9 + 2 * 4


@pytest.mark.parametrize(
    ("out", "shortcut", "note"),
    [(16, True, "inactive: 8 and 16 channels"), (8, False, "inactive: switched off")],
)
def test_a_shortcut_that_is_not_used_says_why(out, shortcut, note):
    steps = inside("bottleneck", out=out, shortcut=shortcut)["steps"]
    assert [(step["inputs"], step["unused"], step["note"]) for step in steps if step["unused"]] == [
        ([2], [0], note)
    ]


def test_branches_meet_in_a_concatenation():
    graph = inside("c3", out=16)
    assert short(graph) == [
        (0, "input", []),
        (1, "conv 1×1", [0]),
        (2, "conv 1×1", [1]),
        (3, "conv 3×3", [2]),
        (4, "+", [1, 3]),
        (5, "conv 1×1", [0]),
        (6, "concatenation", [4, 5]),
        (7, "conv 1×1", [6]),
        (8, "output", [7]),
    ]
    names = {number: call["name"] for number, call in graph["calls"].items()}
    assert [names[str(call)] for call in graph["steps"][2]["calls"]] == [
        "C3", "deep", "Bottleneck", "reduce"
    ]  # fmt: skip


def test_pools_side_by_side_and_pools_in_a_row():
    pools = {
        name: [(w, i) for _, w, i in short(inside(name, out=16)) if "pool" in w]
        for name in ("spp", "sppf")
    }
    assert pools["spp"] == [(f"max-pool {k}×{k}, stride 1", [1]) for k in (5, 9, 13)]
    assert pools["sppf"] == [("max-pool 5×5, stride 1", [i]) for i in (1, 2, 3)]


@pytest.mark.parametrize("name", ["bottleneck_csp", "c3"])
def test_what_is_repeated_is_drawn_once(name):
    once, thrice = (inside(name, out=16, depth=depth) for depth in (1, 3))
    assert short(once) == short(thrice)
    counts = {call["name"]: call["repeat"] for call in thrice["calls"].values()}
    assert counts["Bottleneck"] == 3
    assert sum(count > 1 for count in counts.values()) == 1


def test_attention_with_its_branches_and_both_additions():
    graph = inside("transformer_block", (1, 32, 32), out=8, heads=2, depth=2)
    steps = graph["steps"]
    (attention,) = [i for i, step in enumerate(steps) if step["kind"] == "attention"]
    assert steps[attention]["words"] == ["attention, 2 heads"]
    before = [steps[i] for i in steps[attention]["inputs"]]
    assert [step["kind"] for step in before] == ["linear"] * 3
    sums = [i for i, step in enumerate(steps) if step["kind"] == "add"]
    assert [len(steps[i]["inputs"]) for i in sums] == [2, 2, 2]  # the "position", and the layer's
    assert sums[0] in steps[sums[1]]["inputs"] and sums[1] in steps[sums[2]]["inputs"]
    assert {call["name"]: call["repeat"] for call in graph["calls"].values()}[
        "TransformerLayer"
    ] == 2


def test_a_projected_shortcut_has_its_convolution():
    graph = inside("bottleneck", out=16, shortcut="projection")
    assert short(graph) == [
        (0, "input", []),
        (1, "conv 3×3", [0]),
        (2, "conv 3×3", [1]),
        (3, "conv 1×1", [0]),
        (4, "+", [3, 2]),
        (5, "output", [4]),
    ]
    assert graph["steps"][3]["words"] == ["conv 1×1", "batch norm"]


def test_a_transformer_as_in_its_papers():
    options = {"patch": 4, "positions": "learned", "norm": True, "activation": "gelu"}
    graph = inside("transformer_block", (1, 32, 32), out=8, depth=2, **options)
    words = [step["words"] for step in graph["steps"]]
    assert words[1:4] == [
        ["conv 4×4, stride 4", "batch norm", "SiLU"],
        ["+ learned positions"],
        ["layer norm"],
    ]
    assert ["linear", "GELU"] in words
    assert graph["steps"][2]["parameters"] == 64 * 8
    assert words.count(["layer norm"]) == 3  # of the layer, which is drawn once, and at the end
    assert graph["steps"][-1]["shape"] == [8, 8, 8]


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.by = nn.Parameter(torch.ones(8, 1, 1))

    def forward(self, x):
        return self.by * x


def test_a_learned_factor_has_its_name_and_numbers():
    step = structure(Scale().to("meta"), MAPS)["steps"][1]
    assert (step["words"], step["parameters"]) == (["× learned by"], 8)


@pytest.mark.parametrize("name", ["bottleneck", "bottleneck_csp", "c3", "spp", "sppf", "conv"])
def test_no_parameter_is_left_out_or_counted_twice(name):
    with torch.device("meta"):
        module = all_blocks()[name](in_channels=8, out=8)
    total = sum(p.numel() for p in module.parameters())
    assert sum(step["parameters"] for step in structure(module, MAPS)["steps"]) == total


def test_the_compiled_kernels_change_nothing():
    plain = inside("bottleneck_csp", out=16)
    with kernels():
        assert inside("bottleneck_csp", out=16) == plain


def test_what_only_training_does_is_there():
    assert short(inside("channel_dropout"))[1] == (1, "channel dropout", [0])


class Gate(nn.Module):
    """Looks at a shape on its way, calls a layer by name, and multiplies."""

    def __init__(self):
        super().__init__()
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.factors = nn.Conv2d(8, 8, 1)

    def forward(self, x):
        if x.shape[1] != 8:
            raise ValueError
        return x * torch.sigmoid(self.factors(input=self.squeeze(x)))


def test_a_block_of_a_users_own():
    graph = structure(Gate().to("meta"), MAPS)
    assert short(graph)[1:] == [
        (1, "adaptive average pool", [0]),
        (2, "conv 1×1", [1]),
        (3, "×", [0, 2]),
        (4, "output", [3]),
    ]
    assert graph["steps"][2]["words"][1:] == ["Sigmoid"]


class Hidden(Gate):
    def forward(self, x):
        with torch._C.DisableTorchFunction():
            return super().forward(x) * 2


def test_what_cannot_be_followed_is_a_chain_of_what_it_holds():
    graph = structure(Hidden().to("meta"), MAPS)
    assert not graph["complete"]
    assert short(graph) == [
        (0, "input", []),
        (1, "adaptive average pool", [0]),
        (2, "conv 1×1", [1]),
        (3, "output", [2]),
    ]


def test_a_network_is_its_chain_and_what_is_inside_of_its_blocks(config):
    drawn = {
        name: network_structure(resolve(name, network["layers"], (1, 32, 32), 10), (1, 32, 32))
        for name, network in config["networks"].items()
    }
    titles = {name: [block["title"] for block in one["blocks"]] for name, one in drawn.items()}
    assert titles == {
        "exp3": ["up to the first pool"],
        "vgg": ["up to the first pool"],
        "bottleneck": ["bottleneck 8, and bottleneck 16 likewise"],
        "transformer": ["transformer_block 8, heads 1, depth 2"],
        "csp": ["bottleneck_csp 8, and bottleneck_csp 16 likewise"],
        "sppf": ["sppf 16, and sppf 32 likewise"],
    }
    layers = drawn["bottleneck"]["layers"]
    assert [layer["kind"] for layer in layers] == [
        "input", "block", "block", "pool", "other", "linear"
    ]  # fmt: skip
    assert [layer["shortcut"] for layer in layers] == [None, False, False, None, None, None]


def test_blocks_that_differ_in_their_shortcut_are_drawn_each():
    layers = [{"bottleneck": {"out": 8, "repeat": 2}}, "flatten", {"linear": "classes"}]
    drawn = network_structure(resolve("toy", layers, (1, 8, 8), 10), (1, 8, 8))
    assert [block["title"] for block in drawn["blocks"]] == ["bottleneck 8", "bottleneck 8"]
    unused = [
        [step["unused"] for step in block["structure"]["steps"] if step["kind"] == "add"]
        for block in drawn["blocks"]
    ]
    assert unused == [[[0]], [[]]]


def test_a_network_without_a_pool_shows_its_first_layers():
    layers = [{"conv": {"out": 4, "repeat": 20}}, "flatten", {"linear": "classes"}]
    drawn = network_structure(resolve("toy", layers, (1, 8, 8), 10), (1, 8, 8))
    assert [block["title"] for block in drawn["blocks"]] == ["the first 12 layers"]
