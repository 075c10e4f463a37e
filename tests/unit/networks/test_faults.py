"""A block that is broken is named with file, line and layer, and harms only those who use it."""

import importlib
import sys

import pytest
import torch

from blocklab.errors import UserError
from blocklab.networks import blocks
from blocklab.networks.blocks import registry
from blocklab.networks.network import resolve

HEAD = "import torch\nfrom torch import nn\nfrom blocklab.networks.blocks.registry import *\n"
BLOCK = (
    HEAD
    + '@block("mine")\nclass Mine(nn.Module):\n    """Mine."""\n'
    + "    def __init__(self, in_channels: int, out: Count = 4) -> None:\n"
    + "        super().__init__()\n        self.map = nn.Conv2d(in_channels, out, 1)\n"
    + "    def forward(self, x):\n        return self.map(x)\n"
)
INIT = BLOCK.splitlines()[7:9]
# What is put in the place of what, and the whole of what is said; FILE is the block's.
BROKEN = {
    "an import of what is not there": (
        ("import torch\n", "import torch_geometry\n"),
        "ModuleNotFoundError: No module named 'torch_geometry' (FILE, line 1)",
    ),
    "an import of what torch does not have": (
        ("from torch import nn\n", "from torch import nnn as nn\n"),
        f"ImportError: cannot import name 'nnn' from 'torch' ({torch.__file__}) (FILE, line 2)",
    ),
    "no valid Python": (
        ("def forward(self, x):", "def forward(self, x)"),
        "SyntaxError: expected ':' (FILE, line 10)",
    ),
    "an error at import": (
        (HEAD, HEAD + "SIZE = 1 / 0\n"),
        "ZeroDivisionError: division by zero (FILE, line 4)",
    ),
    "an exit at import": (
        (HEAD, HEAD + "raise SystemExit(2)\n"),
        "SystemExit: 2 (FILE, line 4)",
    ),
    "no decorator": (
        ('@block("mine")', ""),
        'no such block; mine.py must have @block("mine") over its class',
    ),
    "no super": (
        ("        super().__init__()\n", ""),
        "does not run on its input of 2 x 8 x 8: AttributeError: __init__ must begin with "
        "super().__init__() (FILE, line 8)",
    ),
    "no super and nothing in it": (
        ("\n".join(INIT), "        self.size = 3"),
        "does not run on its input of 2 x 8 x 8: AttributeError: __init__ must begin with "
        "super().__init__() (FILE, line 4)",
    ),
    "no return": (
        ("return self.map(x)", "self.map(x)"),
        "returns nothing, not a tensor (FILE, line 10)",
    ),
    "two things returned": (
        ("return self.map(x)", "return x, x"),
        "returns a tuple, not a tensor (FILE, line 10)",
    ),
    "a name that is not there": (
        ("return self.map(x)", "return self.map(y)"),
        "does not run on its input of 2 x 8 x 8: NameError: name 'y' is not defined "
        "(FILE, line 11)",
    ),
    "an attribute that is not there": (
        ("return self.map(x)", "return self.mop(x)"),
        "does not run on its input of 2 x 8 x 8: AttributeError: 'Mine' object has no attribute "
        "'mop' (FILE, line 11)",
    ),
    "shapes that do not fit each other": (
        ("return self.map(x)", "return self.map(self.map(x))"),
        "does not run on its input of 2 x 8 x 8: RuntimeError: Invalid channel dimensions "
        "(FILE, line 11)",
    ),
    "a ValueError of Python's own": (
        ("return self.map(x)", "n, c = x.shape"),
        "does not run on its input of 2 x 8 x 8: ValueError: too many values to unpack "
        "(expected 2) (FILE, line 11)",
    ),
    "what torch says of its arguments": (
        ("nn.Conv2d(in_channels, out, 1)", "nn.Conv2d(in_channels, out, 1, groups=3)"),
        "does not run on its input of 2 x 8 x 8: ValueError: in_channels must be divisible by "
        "groups (FILE, line 9)",
    ),
    "no forward": (
        ("def forward(", "def forwards("),
        'does not run on its input of 2 x 8 x 8: NotImplementedError: Module [Mine] is missing the '
        'required "forward" function (FILE, line 4)',
    ),
    "only in evaluation": (
        ("return self.map(x)", "return self.map(x) if self.training else None"),
        "returns nothing, not a tensor (FILE, line 10)",
    ),
    "one image is squeezed away": (
        ("return self.map(x)", "return self.map(x).squeeze()"),
        "makes 4 x 8 x 8 of 1 x 2 x 8 x 8; the first number, that of the images, must stay "
        "(FILE, line 10)",
    ),
    "images end up in one": (
        ("return self.map(x)", "return self.map(x).mean()"),
        "makes a single number of 2 x 2 x 8 x 8; the first number, that of the images, must stay "
        "(FILE, line 10)",
    ),
    "another shape in evaluation": (
        ("return self.map(x)", "return self.map(x) if self.training else x"),
        "gives 4 x 8 x 8 in training, for two images, but 2 x 8 x 8 in evaluation, for one "
        "(FILE, line 10)",
    ),
    "a map too small": (
        ("nn.Conv2d(in_channels, out, 1)", "nn.Conv2d(in_channels, out, 9)"),
        "does not fit its input of 2 x 8 x 8 (Calculated padded input size per channel: (8 x 8). "
        "Kernel size: (9 x 9). Kernel size can't be greater than actual input size); raise "
        "dataset.input_size or take a layer out",
    ),
    "an annotation that says nothing": (
        ("out: Count = 4", "out=4"),
        "out's annotation does not say what it may be; write Count, Size, Fraction, Factor, "
        "ActivationName, bool, int, float or str (FILE, line 4)",
    ),
    "no module": (
        ("class Mine(nn.Module)", "class Mine"),
        "is no torch.nn.Module (FILE, line 4)",
    ),
}  # fmt: skip
END = ["flatten", {"linear": "classes"}]


@pytest.fixture
def own_blocks(tmp_path, monkeypatch):
    """A second folder of blocks, whose files are forgotten afterwards."""
    monkeypatch.setattr(blocks, "__path__", [*blocks.__path__, str(tmp_path)])
    monkeypatch.setattr(registry, "REGISTRY", dict(registry.REGISTRY))
    before = set(sys.modules)
    importlib.invalidate_caches()
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith(f"{blocks.__name__}."):
            del sys.modules[name]


def message(*layers) -> str:
    with pytest.raises(UserError) as error:
        resolve("net", list(layers), (2, 8, 8), 10)
    assert str(error.value).isprintable()
    return str(error.value)


@pytest.mark.parametrize(("change", "said"), BROKEN.values(), ids=BROKEN)
def test_what_is_wrong_is_said_with_file_line_and_layer(own_blocks, change, said):
    assert BLOCK.count(change[0]) == 1
    file = own_blocks / "mine.py"
    file.write_text(BLOCK.replace(*change))
    where = f"networks.net, layer 2 (mine): {said.replace('FILE', str(file))}"
    assert message("relu", {"mine": 4}, *END) == where
    assert len(resolve("net", [{"conv": 4}, *END], (2, 8, 8), 10)) == 3


def test_a_block_that_is_right_runs(own_blocks):
    head = '"""Over a class:\n\n@block("mine")\n"""\nfrom __future__ import annotations\n'
    (own_blocks / "mine.py").write_text(head + BLOCK)
    assert resolve("net", ["mine", *END], (2, 8, 8), 10)[0].output_shape == (4, 8, 8)
    assert "out is 0; it must be a whole number, at least 1" in message({"mine": 0}, *END)


def test_a_block_says_itself_what_its_arguments_must_be(own_blocks):
    refusal = "        super().__init__()\n        raise ValueError('out must be even')\n"
    (own_blocks / "mine.py").write_text(BLOCK.replace("        super().__init__()\n", refusal))
    assert message("mine", *END) == "networks.net, layer 1 (mine): out must be even"


def test_two_files_with_a_block_of_one_name(own_blocks):
    for name in ("mine", "yours"):
        (own_blocks / f"{name}.py").write_text(BLOCK)
    assert message("mine", *END) == (
        "networks.net, layer 1 (mine): two files have a block of that name: mine.py, yours.py; "
        "rename one"
    )
    assert len(resolve("net", [{"conv": 4}, *END], (2, 8, 8), 10)) == 3


def test_a_file_of_ones_own_may_not_take_a_blocks_name(own_blocks):
    (own_blocks / "mine.py").write_text(BLOCK.replace('"mine"', '"conv"'))
    assert message("conv", *END) == (
        "networks.net, layer 1 (conv): two files have a block of that name: conv.py, mine.py; "
        "rename one"
    )


def test_a_name_in_a_text_is_no_block(own_blocks):
    (own_blocks / "my_blocks.py").write_text(
        '"""Write `@block("mine")` first."""\n# @block("mine")\n'
    )
    assert message("mine", *END).startswith("networks.net, layer 1 (mine): no such block; ")


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        ("DWConv", "; did you mean 'dwconv'?"),
        ("Conv2d", "; did you mean 'conv'?"),
        ("MaxPool2d", "; did you mean 'maxpool'?"),
        ("AdaptiveAvgPool2d", "; did you mean 'global_avgpool'?"),
        ("Dense", "; did you mean 'linear'?"),
        ("max_pool", "; did you mean 'maxpool'?"),
        ("BatchNorm2d", "; batch normalisation is a part of 'conv' (norm: true, its default)"),
        ("GELU", "; 'conv' and 'linear' have an activation each, such as activation: gelu"),
        ("ResBlock", "; did you mean 'basic_block'?"),
        ("transformer", "; did you mean 'transformer_block'?"),  # a file's name, too
    ],
)
def test_what_people_write_for_a_block(written, answer):
    assert message(written, *END) == f"networks.net, layer 1 ({written}): no such block{answer}"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("out_channels", "out"),
        ("kernel_size", "kernel"),
        ("Kernel", "kernel"),
        ("act", "activation"),
    ],
)
def test_what_people_write_for_an_argument(written, meant):
    text = message({"conv": {"out": 4, written: 3}}, *END)
    assert text.endswith(f"unknown argument '{written}'; did you mean '{meant}'?")


def test_other_names_stand_for_what_there_is():
    from blocklab.errors import plain
    from blocklab.networks import other_names
    from blocklab.networks.arguments import parameters

    every = registry.all_blocks()
    arguments = {name for cls in every.values() for name in parameters(cls)}
    assert set(other_names.BLOCKS.values()) <= set(every)
    assert set(other_names.ARGUMENTS.values()) <= arguments
    for table in (other_names.BLOCKS, other_names.NO_BLOCK, other_names.ARGUMENTS):
        assert all(plain(name) == name for name in table)
        assert not set(table) & (set(every) if table is not other_names.ARGUMENTS else arguments)
