"""Networks from YAML: the study's six, inference of shapes, and every kind of mistake."""

import math

import pytest
import torch

from blocklab.errors import UserError
from blocklab.networks.arguments import check_arguments, describe, inferred, parameters
from blocklab.networks.blocks.registry import all_blocks
from blocklab.networks.network import build, resolve

END = ["flatten", {"linear": "classes"}]
# Trainable parameters at 32x32, from an independent build of the homework's descriptions.
PARAMETERS = {
    "exp3": 30_840,
    "vgg": 14_450,
    "bottleneck": 43_094,
    "transformer": 83_242,
    "csp": 43_114,
    "sppf": 83_514,
}
# Second layer of a network, and what is said of it.
MISTAKES = [
    ({"cnov": 8}, "(cnov): no such block; did you mean 'conv'?"),
    ("bottelneck", "(bottelneck): no such block; did you mean 'bottleneck'?"),
    ({"conv": {"out": 8, "kernal": 3}}, "(conv): unknown argument 'kernal'; did you mean "
     "'kernel'?"),
    ({"conv": {"out": 8, "in_channels": 1}}, "(conv): unknown argument 'in_channels'; it may be "
     "out, kernel, stride, padding, groups, activation, norm, bias"),
    ({"conv": {"out": 8, 3: 4}}, "(conv): unknown argument '3'; it may be out, kernel, stride, "
     "padding, groups, activation, norm, bias"),
    ({"flatten": {"size": 3}}, "(flatten): unknown argument 'size'; it takes none"),
    ({"flatten": 3}, "(flatten): takes no argument, but was given 3"),
    ({"conv": {}}, "(conv): argument 'out' is missing (output channels)"),
    ("conv", "(conv): argument 'out' is missing (output channels)"),
    ({"conv": 8.5}, "(conv): out is 8.5; it must be a whole number, at least 1 "
     "(output channels)"),
    ({"conv": True}, "(conv): out is True; it must be a whole number, at least 1 "
     "(output channels)"),
    ({"conv": -1}, "(conv): out is -1; it must be a whole number, at least 1 "
     "(output channels)"),
    ({"conv": "eight"}, "(conv): out is 'eight'; it must be a whole number, at least 1 "
     "(output channels)"),
    ({"conv": [8, 3]}, "(conv): out is [8, 3]; it must be a whole number, at least 1 "
     "(output channels)"),
    ({"conv": {"out": 8, "kernel": 0}}, "(conv): kernel is 0; it must be a whole number, at least "
     "1 (side of the square window, in pixels)"),
    ({"conv": {"out": 8, "padding": -1}}, "(conv): padding is -1; it must be a whole number, at "
     "least 0, or null (pixels of zeros on each side of the map; kernel // 2 if null)"),
    ({"conv": {"out": 8, "norm": "yes"}}, "(conv): norm is 'yes'; it must be true or false "
     "(whether batch normalisation follows the convolution)"),
    ({"conv": {"out": 8, "activation": "rellu"}}, "(conv): activation is 'rellu'; it must be one "
     "of silu, relu, gelu, none (function applied to each number at the end)"),
    ({"dropout": 1.5}, "(dropout): rate is 1.5; it must be a number from 0 to 1 (chance "
     "of each element to be zeroed)"),
    ({"dropout": math.nan}, "(dropout): rate is nan; it must be a number from 0 to 1 (chance "
     "of each element to be zeroed)"),
    ({"bottleneck": {"out": 8, "expansion": math.inf}}, "(bottleneck): expansion is inf; it must "
     "be a number, at least 0 (channels between the convolutions, relative to the output "
     "channels)"),
    ({"bottleneck": {"out": 8, "expansion": 0.1}}, "(bottleneck): 8 channels at 0.1 leave no "
     "hidden channel; at least 10 would"),
    ({"conv": {"out": 8, "groups": 3}}, "(conv): groups=3 must divide both 2 and 8 channels"),
    ({"sppf": {"out": 8, "kernel": 4}}, "(sppf): kernel=4 must be odd, so that the map keeps its "
     "size"),
    ({"transformer_block": {"out": 8, "heads": 3}}, "(transformer_block): heads=3 must divide "
     "out=8"),
    ({"transformer_block": {"out": 8, "patch": 5}}, "(transformer_block): patch=5 must divide the "
     "input's 32 x 32 pixels, as 1, 2, 4, 8, 16, 32 would"),
    ({"transformer_block": {"out": 8, "expansion": 0.1}}, "(transformer_block): 8 channels at 0.1 "
     "leave no hidden channel; at least 10 would"),
    ({"transformer_block": {"out": 8, "positions": "sine"}}, "(transformer_block): positions is "
     "'sine'; it must be one of content, learned, none (what is added to the tokens at first; "
     "`content`: a linear map of the token itself, which says nothing of its place; `learned`: "
     "numbers of its place's own; `none`: nothing)"),
    ({"bottleneck": {"out": 8, "shortcut": "project"}}, "(bottleneck): shortcut is 'project'; it "
     "must be true or false, or projection (whether to add the input to the output, where both "
     "have the same channels; with `projection` also elsewhere, after a 1x1 convolution and batch "
     "normalisation)"),
    ({"conv": {"out": 8, "repeat": 0}}, "(conv): repeat is 0; it must be a whole number from 1 "
     "to 1000"),
    ({"conv": {"out": 8, "repeat": True}}, "(conv): repeat is True; it must be a whole number from "
     "1 to 1000"),
    ({"linear": 8}, "(linear): needs a flat vector, but its input is 2 x 32 x 32; put 'flatten' "
     "before it"),
]  # fmt: skip


def resolve_one(*layers, shape=(1, 32, 32), classes=10):
    return resolve("net", list(layers), shape, classes)


def message(*layers, **settings) -> str:
    with pytest.raises(UserError) as error:
        resolve_one(*layers, **settings)
    text = str(error.value)
    assert "\n" not in text
    return text


def test_the_study_has_the_networks_of_the_homework_and_no_other(config):
    assert list(config["networks"]) == list(PARAMETERS)
    assert config["baseline"] == "exp3"


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_of_the_homework(config, name):
    network = build(resolve_one(*config["networks"][name]["layers"]))
    counted = sum(p.numel() for p in network.parameters() if p.requires_grad)
    assert counted == PARAMETERS[name]
    assert network(torch.rand(2, 1, 32, 32)).shape == (2, 10)


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_study_without_validation_images_passes_none_through(config, name):
    network = build(resolve_one(*config["networks"][name]["layers"])).eval()
    assert network(torch.empty(0, 1, 32, 32)).shape == (0, 10)


def test_shapes_are_inferred_layer_by_layer():
    layers = resolve_one({"conv": {"out": 4, "kernel": 5, "padding": 0}}, {"maxpool": 3}, *END)
    assert [layer.output_shape for layer in layers] == [(4, 28, 28), (4, 9, 9), (324,), (10,)]
    assert layers[0].arguments == {"in_channels": 1, "out": 4, "kernel": 5, "padding": 0}
    assert layers[3].arguments == {"in_features": 324, "out": 10}


def test_modules_are_named_by_position_and_block():
    network = build(resolve_one({"conv": 4}, *END))
    assert [name for name, _ in network.named_children()] == ["01_conv", "02_flatten", "03_linear"]


def test_resolving_allocates_no_weights():
    wide = resolve_one("flatten", {"linear": 10**9}, {"linear": "classes"})  # 4 TB of weights
    assert wide[1].output_shape == (10**9,)


def test_repeat_stacks_a_block_and_infers_channels_anew():
    layers = resolve_one({"conv": {"out": 8, "kernel": 3, "repeat": 3}}, *END)
    assert [layer.block for layer in layers] == ["conv"] * 3 + ["flatten", "linear"]
    assert [layer.arguments["in_channels"] for layer in layers[:3]] == [1, 8, 8]
    _, second, third, *_ = build(layers)
    assert not torch.equal(second.convolution.weight, third.convolution.weight)


@pytest.mark.parametrize(
    "last", [{"linear": "classes"}, {"linear": {"out": "classes"}}, {"linear": 7}]
)
def test_classes_stands_for_the_number_of_classes(last):
    assert resolve_one("flatten", last, classes=7)[-1].arguments["out"] == 7


@pytest.mark.parametrize("form", ["flatten", {"flatten": None}, {"flatten": {}}])
def test_a_block_without_arguments_has_three_forms(form):
    assert resolve_one(form, {"linear": 10})[0].output_shape == (1024,)


def test_a_single_value_goes_to_the_first_argument():
    short = resolve_one({"conv": 8}, {"maxpool": 4}, {"dropout": 0}, *END)
    long = resolve_one(
        {"conv": {"out": 8}}, {"maxpool": {"size": 4}}, {"dropout": {"rate": 0}}, *END
    )
    assert short == long


@pytest.mark.parametrize(
    ("layer", "expected"), MISTAKES, ids=[text.partition(";")[0] for _, text in MISTAKES]
)
def test_a_mistake_names_network_layer_block_and_what_would_be_right(layer, expected):
    assert message({"conv": 2}, layer, *END) == f"networks.net, layer 2 {expected}"


def test_grey_images_need_a_conv_before_sppf():
    assert message({"sppf": 8}, *END) == (
        "networks.net, layer 1 (sppf): needs at least 2 channels and gets 1; put a conv before it"
    )


@pytest.mark.parametrize("layer", [3, None, ["conv"], {}, {"conv": 8, "maxpool": 2}])
def test_what_is_no_layer(layer):
    assert message("flatten", layer) == (
        f"networks.net, layer 2: {layer!r} is no layer; write 'block' or "
        "'block: {argument: value}'"
    )


def test_a_convolution_after_flatten():
    assert message("flatten", {"conv": 8}) == (
        "networks.net, layer 2 (conv): needs channels x height x width, but its input is 1024"
    )


@pytest.mark.parametrize(
    ("layer", "size"),
    [
        ({"maxpool": 8}, 4),
        ({"avgpool": 8}, 4),
        ({"maxpool": {"size": 2, "repeat": 3}}, 1),
        ({"conv": {"out": 2, "kernel": 5, "padding": 0}}, 4),
    ],
)
def test_an_input_too_small_for_a_layer(layer, size):
    text = message(layer, *END, shape=(1, 4, 4))
    (name,) = layer
    assert text.startswith(
        f"networks.net, layer 1 ({name}): does not fit its input of 1 x {size} x {size} ("
    )
    assert text.endswith("; raise dataset.input_size or take a layer out")


@pytest.mark.parametrize(
    ("layers", "given"),
    [
        (["flatten"], "1024"),
        ([{"conv": 8}], "8 x 32 x 32"),
        (["flatten", {"linear": 9}], "9"),
    ],
)
def test_a_network_that_does_not_end_in_the_classes(layers, given):
    assert message(*layers) == (
        f"networks.net: the last layer gives {given}, but there are 10 classes; end with "
        "'flatten' and 'linear: {out: classes}'"
    )


def test_global_pooling_may_end_a_network():
    assert resolve_one({"conv": 10}, "global_avgpool")[-1].output_shape == (10,)


def test_arguments_that_yaml_may_set_leave_out_the_inferred_one():
    blocks = all_blocks()
    assert list(parameters(blocks["sppf"])) == ["out", "kernel"]
    assert [inferred(blocks[name]) for name in ("sppf", "linear", "maxpool", "global_avgpool")] == [
        ["in_channels"], ["in_features"], [], [],
    ]  # fmt: skip


@pytest.mark.parametrize("name", all_blocks())
def test_every_argument_is_described_and_nothing_else(name):
    cls = all_blocks()[name]
    text, meanings = describe(cls)
    assert text
    assert "Args:" not in text
    assert list(meanings) == list(parameters(cls))


def test_a_description_may_take_lines_and_may_be_missing():
    class Block(torch.nn.Module):
        """What it does.

        Args:
            size: how large
                it is: in pixels
            depth: how deep
        """

        def __init__(self, size: int, depth: int, other: int = 1):
            super().__init__()

    text, meanings = describe(Block)
    assert text == "What it does."
    assert meanings == {"size": "how large it is: in pixels", "depth": "how deep"}
    with pytest.raises(ValueError, match=r"^other is 'x'; it must be a whole number$"):
        check_arguments(Block, {"size": 1, "depth": 1, "other": "x"})


def test_arguments_are_returned_as_given_and_none_where_it_is_allowed():
    given = {"out": 8, "padding": None, "bias": True}
    checked = check_arguments(all_blocks()["conv"], given)
    assert checked == given
    assert checked is not given
