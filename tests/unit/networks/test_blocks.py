"""The blocks compute what their papers, and the homework, say; checked against plain torch."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from blocklab.networks.blocks.basic import ChannelDropout, Linear
from blocklab.networks.blocks.bottleneck import Bottleneck
from blocklab.networks.blocks.conv import Conv, DWConv
from blocklab.networks.blocks.csp import C3, BottleneckCSP
from blocklab.networks.blocks.registry import REGISTRY, all_blocks, block
from blocklab.networks.blocks.spp import SPP, SPPF
from blocklab.networks.blocks.transformer import SelfAttention, TransformerBlock

# Block, its arguments, shape in, shape out.
SHAPES = [
    ("conv", {"in_channels": 3, "out": 8}, (3, 9, 7), (8, 9, 7)),
    ("conv", {"in_channels": 3, "out": 8, "kernel": 3}, (3, 9, 7), (8, 9, 7)),
    ("conv", {"in_channels": 3, "out": 8, "kernel": 5, "padding": 0}, (3, 9, 7), (8, 5, 3)),
    ("conv", {"in_channels": 3, "out": 8, "kernel": 3, "stride": 2}, (3, 8, 6), (8, 4, 3)),
    ("dwconv", {"in_channels": 3, "out": 6}, (3, 9, 7), (6, 9, 7)),
    ("bottleneck", {"in_channels": 3, "out": 8}, (3, 9, 7), (8, 9, 7)),
    ("basic_block", {"in_channels": 3, "out": 3}, (3, 9, 7), (3, 9, 7)),
    ("basic_block", {"in_channels": 3, "out": 8, "stride": 2}, (3, 9, 7), (8, 5, 4)),
    ("bottleneck_csp", {"in_channels": 3, "out": 8, "depth": 2}, (3, 9, 7), (8, 9, 7)),
    ("c3", {"in_channels": 3, "out": 8, "depth": 2}, (3, 9, 7), (8, 9, 7)),
    ("spp", {"in_channels": 4, "out": 8}, (4, 9, 7), (8, 9, 7)),
    ("sppf", {"in_channels": 4, "out": 8, "kernel": 3}, (4, 9, 7), (8, 9, 7)),
    ("transformer_block", {"in_channels": 3, "in_size": (5, 7), "out": 8}, (3, 5, 7), (8, 5, 7)),
    ("maxpool", {}, (3, 9, 8), (3, 4, 4)),
    ("avgpool", {"size": 3}, (3, 9, 8), (3, 3, 2)),
    ("global_avgpool", {}, (3, 9, 7), (3,)),
    ("flatten", {}, (3, 9, 7), (189,)),
    ("linear", {"in_features": 5, "out": 2}, (5,), (2,)),
    ("relu", {}, (3, 9, 7), (3, 9, 7)),
    ("silu", {}, (3, 9, 7), (3, 9, 7)),
    ("dropout", {"rate": 0.2}, (3, 9, 7), (3, 9, 7)),
    ("channel_dropout", {"rate": 0.2}, (3, 9, 7), (3, 9, 7)),
]


def settled(module: nn.Module) -> nn.Module:
    """Give every parameter and statistic a value of its own, in doubles, and stop training."""
    torch.manual_seed(5)
    module.double()
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            low = 0.5 if name.endswith("running_var") else -0.7
            tensor.uniform_(low, 1.3)
    return module.eval()


def images(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def normalised(x: torch.Tensor, norm: nn.BatchNorm2d) -> torch.Tensor:
    """Batch normalisation in evaluation mode, by its formula."""
    mean, var, weight, bias = (
        value[:, None, None]
        for value in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    return (x - mean) / torch.sqrt(var + 1e-5) * weight + bias


def silu(x: torch.Tensor) -> torch.Tensor:
    return x / (1 + torch.exp(-x))


def conv(x: torch.Tensor, module: Conv, padding: int) -> torch.Tensor:
    """Convolution without bias, batch normalisation, SiLU."""
    assert module.convolution.bias is None
    return silu(normalised(F.conv2d(x, module.convolution.weight, padding=padding), module.norm))


@pytest.mark.parametrize(("name", "arguments", "shape", "expected"), SHAPES)
def test_shape(name, arguments, shape, expected):
    module = all_blocks()[name](**arguments)
    assert module(images(2, *shape).float()).shape == (2, *expected)


def test_every_block_has_its_shape_tested():
    assert {name for name, *_ in SHAPES} == set(all_blocks())


def test_two_blocks_of_one_name_are_refused():
    before = dict(REGISTRY)
    with pytest.raises(ValueError, match=r"named 'conv': blocklab.networks.blocks.conv.Conv, "):
        block("conv")(type("Conv", (nn.Module,), {"__module__": "elsewhere"}))
    with pytest.raises(ValueError, match=r"conv\.Conv, blocklab\.networks\.blocks\.conv\.Copy$"):
        block("conv")(type("Copy", (nn.Module,), {"__module__": Conv.__module__}))
    assert before == REGISTRY


def test_conv_is_convolution_normalisation_silu():
    module, x = settled(Conv(3, 4, 3)), images(2, 3, 6, 5)
    torch.testing.assert_close(module(x), conv(x, module, padding=1))


@pytest.mark.parametrize(
    ("activation", "by_hand"),
    [
        ("none", lambda x: x),
        ("relu", lambda x: x.clamp(min=0)),
        ("gelu", lambda x: x * (1 + torch.erf(x / math.sqrt(2))) / 2),
        ("silu", silu),
    ],
)
def test_conv_without_norm_and_linear_take_each_activation(activation, by_hand):
    module = settled(Conv(3, 4, 3, norm=False, bias=True, activation=activation))
    x = images(2, 3, 6, 5)
    plain = F.conv2d(x, module.convolution.weight, module.convolution.bias, padding=1)
    torch.testing.assert_close(module(x), by_hand(plain))
    linear = settled(Linear(5, 3, activation=activation))
    features = images(2, 5)
    plain = features @ linear.linear.weight.T + linear.linear.bias
    torch.testing.assert_close(linear(features), by_hand(plain))


@pytest.mark.parametrize(("out", "per_channel"), [(4, 1), (8, 2)])
def test_dwconv_does_not_mix_channels(out, per_channel):
    module, x = settled(DWConv(4, out)), images(1, 4, 6, 6)
    for channel in range(4):
        changed = x.clone()
        changed[:, channel] += 1
        differs = (module(x) != module(changed)).flatten(2).any(dim=2)[0]
        assert differs.nonzero().flatten().tolist() == [
            channel * per_channel + step for step in range(per_channel)
        ]


@pytest.mark.parametrize(
    ("in_channels", "shortcut", "residual"), [(6, True, True), (6, False, False), (3, True, False)]
)
def test_bottleneck_adds_its_input_only_with_shortcut_and_equal_channels(
    in_channels, shortcut, residual
):
    module = settled(Bottleneck(in_channels, 6, shortcut))
    x = images(2, in_channels, 6, 5)
    assert module.reduce.convolution.weight.shape == (3, in_channels, 3, 3)
    deep = conv(conv(x, module.reduce, 1), module.expand, 1)
    torch.testing.assert_close(module(x), x + deep if residual else deep)
    assert module.residual is residual


def test_bottleneck_projects_its_input_where_channels_differ():
    module, x = settled(Bottleneck(3, 6, "projection")), images(2, 3, 6, 5)
    projection = module.shortcut
    projected = normalised(F.conv2d(x, projection.convolution.weight), projection.norm)
    deep = conv(conv(x, module.reduce, 1), module.expand, 1)
    torch.testing.assert_close(module(x), projected + deep)
    assert projection.convolution.weight.shape == (6, 3, 1, 1)
    assert projection.convolution.bias is None
    assert module.residual is True


def test_bottleneck_projects_nothing_where_channels_are_the_same():
    torch.manual_seed(0)
    projecting = Bottleneck(6, 6, "projection").eval()
    torch.manual_seed(0)
    plain, x = Bottleneck(6, 6).eval(), images(2, 6, 6, 5).float()
    assert list(plain.state_dict()) == list(projecting.state_dict())
    assert torch.equal(plain(x), projecting(x))
    assert projecting.residual is True


@pytest.mark.parametrize("shortcut", [True, False])
def test_bottleneck_csp_by_hand(shortcut):
    module, x = settled(BottleneckCSP(3, 8, shortcut=shortcut)), images(2, 3, 6, 5)
    first, middle, bare = module.deep
    hidden = conv(x, first, 0)
    assert hidden.shape[1] == middle.reduce.convolution.out_channels == 4  # full hidden width
    through = conv(conv(hidden, middle.reduce, 1), middle.expand, 1)
    deep = F.conv2d(hidden + through if shortcut else through, bare.weight)
    around = F.conv2d(x, module.around.weight)
    both = silu(normalised(torch.cat((deep, around), 1), module.norm))
    torch.testing.assert_close(module(x), conv(both, module.fuse, 0))


@pytest.mark.parametrize("shortcut", [True, False])
def test_c3_by_hand(shortcut):
    module, x = settled(C3(3, 8, shortcut=shortcut)), images(2, 3, 6, 5)
    first, middle = module.deep
    hidden = conv(x, first, 0)
    through = conv(conv(hidden, middle.reduce, 0), middle.expand, 1)
    deep = hidden + through if shortcut else through
    both = torch.cat((deep, conv(x, module.around, 0)), 1)
    torch.testing.assert_close(module(x), conv(both, module.fuse, 0))


@pytest.mark.parametrize("make", [BottleneckCSP, C3])
def test_depth_is_the_number_of_bottlenecks(make):
    count = [sum(isinstance(m, Bottleneck) for m in make(4, 4, depth=d).modules()) for d in (1, 3)]
    assert count == [1, 3]


@pytest.mark.parametrize(("kernel", "windows"), [(5, (5, 9, 13)), (3, (3, 5, 7))])
def test_sppf_equals_spp_and_both_equal_plain_max_pools(kernel, windows):
    sppf, x = settled(SPPF(4, 6, kernel)), images(2, 4, 16, 16)
    spp = SPP(4, 6, kernel).double().eval()
    spp.load_state_dict(sppf.state_dict())
    assert torch.equal(spp(x), sppf(x))
    reduced = sppf.reduce(x)
    pools = [F.max_pool2d(reduced, window, 1, window // 2) for window in windows]
    assert torch.equal(sppf(x), sppf.fuse(torch.cat((reduced, *pools), dim=1)))


@pytest.mark.parametrize("heads", [1, 2])
def test_attention_is_softmax_of_scaled_products_times_values(heads):
    module, x = settled(SelfAttention(4, heads)), images(2, 7, 4)
    query, key, value = (projection(x) for projection in (module.query, module.key, module.value))
    size = 4 // heads
    outputs = []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        scores = query[..., part] @ key[..., part].transpose(1, 2) / math.sqrt(size)
        weights = scores.exp() / scores.exp().sum(dim=2, keepdim=True)
        outputs.append(weights @ value[..., part])
    torch.testing.assert_close(module(x), module.output(torch.cat(outputs, dim=2)))


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_attention_equals_torchs_module_behind_maps_without_bias(heads):
    module, x = settled(SelfAttention(4, heads)), images(2, 7, 4)
    projections = (module.query, module.key, module.value)
    reference = nn.MultiheadAttention(4, heads, batch_first=True).double().eval()
    with torch.no_grad():
        reference.in_proj_weight.copy_(torch.cat([p[1].weight for p in projections]))
        reference.in_proj_bias.copy_(torch.cat([p[1].bias for p in projections]))
        reference.out_proj.load_state_dict(module.output.state_dict())
    expected, _ = reference(*(x @ p[0].weight.T for p in projections))
    torch.testing.assert_close(module(x), expected)


def test_attention_starts_as_torchs_module_does():
    torch.manual_seed(0)
    ours, reference = SelfAttention(64, 1), nn.MultiheadAttention(64, 1)
    for projection in (ours.query, ours.key, ours.value):
        assert not projection[1].bias.any()
        largest = projection[1].weight.abs().max().item()
        assert largest == pytest.approx(reference.in_proj_weight.abs().max().item(), rel=0.01)
    assert not ours.output.bias.any()
    assert not reference.in_proj_bias.any()
    assert not reference.out_proj.bias.any()


@pytest.mark.parametrize("in_channels", [1, 4])
def test_transformer_block_by_hand(in_channels):
    module = settled(TransformerBlock(in_channels, (3, 5), 4, heads=2, depth=2))
    x = images(2, in_channels, 3, 5)
    y = conv(x, module.embed, 0) if in_channels != 4 else x
    tokens = y.reshape(2, 4, 15).permute(0, 2, 1)
    tokens = tokens + (tokens @ module.content.weight.T + module.content.bias)
    for layer in module.layers:
        tokens = tokens + layer.attention(tokens)
        first, second = layer.feed_forward
        tokens = tokens + tokens @ first.weight.T @ second.weight.T
    expected = tokens.permute(0, 2, 1).reshape(2, 4, 3, 5)
    torch.testing.assert_close(module(x), expected)


def test_transformer_block_knows_no_positions():
    module, x = settled(TransformerBlock(1, (4, 4), 4, depth=2)), images(2, 1, 4, 4)
    order = torch.randperm(16, generator=torch.Generator().manual_seed(0))

    def shuffled(maps: torch.Tensor) -> torch.Tensor:
        return maps.flatten(2)[..., order].unflatten(2, (4, 4))

    torch.testing.assert_close(module(shuffled(x)), shuffled(module(x)))


def test_channel_dropout_drops_whole_channels_and_only_while_training():
    torch.manual_seed(0)
    module, x = ChannelDropout(0.5), torch.ones(8, 8, 3, 3)
    kept = module(x).flatten(2)
    assert (kept == kept[..., :1]).all()
    assert set(kept.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(module.eval()(x), x)


def test_pools_reduce_windows():
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    blocks = all_blocks()
    assert blocks["maxpool"](2)(x).flatten().tolist() == [5, 7, 13, 15]
    assert blocks["avgpool"](2)(x).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    assert blocks["global_avgpool"]()(x).tolist() == [[7.5]]
