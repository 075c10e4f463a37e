"""What each argument of the Transformer block adds to the homework's, alone and together."""

import itertools

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from blocklab.networks.blocks.conv import Conv
from blocklab.networks.blocks.transformer import SelfAttention, TransformerBlock
from blocklab.networks.images import as_input
from blocklab.networks.kernels.compiled import kernels
from blocklab.networks.network import initialise, resolve
from blocklab.networks.weights import load_weights, save_weights

VIT = {"patch": 2, "positions": "learned", "norm": True, "activation": "gelu", "expansion": 2.0}
ALONE = [{name: value} for name, value in VIT.items()]


def block(in_channels=3, out=8, size=(4, 6), spread=0.3, **arguments):
    """Return a block every parameter of which has a value of its own, in doubles."""
    torch.manual_seed(1)
    made = TransformerBlock(in_channels, size, out, **arguments).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(spread * torch.randn_like(parameter))
    return made.eval()


def images(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def by_hand(module, x, patch=1, positions="content", norm=False, activation="none", expansion=1):
    def normalised(tokens, by):
        if not norm:
            return tokens
        mean, variance = tokens.mean(2, keepdim=True), tokens.var(2, keepdim=True, unbiased=False)
        return (tokens - mean) / (variance + 1e-5).sqrt() * by.weight + by.bias

    weight, statistics = module.embed.convolution.weight, module.embed.norm
    cut = x.unfold(2, patch, patch).unfold(3, patch, patch)  # [N, C, rows, columns, patch, patch]
    maps = F.silu(statistics(torch.einsum("ncijkl,ockl->noij", cut, weight)))
    tokens = maps.flatten(2).transpose(1, 2)
    if positions == "content":
        tokens = tokens + module.content(tokens)
    elif positions == "learned":
        tokens = tokens + torch.stack([module.positions.positions] * len(x))
    for layer in module.layers:
        tokens = tokens + layer.attention(normalised(tokens, layer.attention_norm))
        first, last = layer.feed_forward[0], layer.feed_forward[-1]
        assert first.weight.shape == (8 * expansion, 8)
        y = normalised(tokens, layer.feed_forward_norm) @ first.weight.T
        tokens = tokens + (F.gelu(y) if activation == "gelu" else y) @ last.weight.T
    return normalised(tokens, module.norm).transpose(1, 2).reshape_as(maps)


@pytest.mark.parametrize("options", [{}, *ALONE, {"positions": "none"}, VIT], ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_every_option_by_hand(options, training):
    module, x = block(depth=2, heads=2, **options).train(training), images(2, 3, 4, 6)
    expected = by_hand(module, x, **options)
    with kernels():
        torch.testing.assert_close(module(x), expected)
    side = options.get("patch", 1)
    assert expected.shape == (2, 8, 4 // side, 6 // side)


def test_norm_and_gelu_are_torchs_own_encoder():
    module = block(8, heads=2, depth=2, **VIT | {"patch": 1, "positions": "none"})
    layer = nn.TransformerEncoderLayer(
        8, 2, 16, dropout=0, activation="gelu", batch_first=True, norm_first=True
    )
    encoder = nn.TransformerEncoder(layer, 2, nn.LayerNorm(8), enable_nested_tensor=False).double()
    with torch.no_grad():
        encoder.norm.load_state_dict(module.norm.state_dict())
        for ours, theirs in zip(module.layers, encoder.layers, strict=True):
            attention = ours.attention
            maps = (attention.query, attention.key, attention.value)
            joined = [second.weight @ first.weight for first, second in maps]
            theirs.self_attn.in_proj_weight.copy_(torch.cat(joined))
            theirs.self_attn.in_proj_bias.copy_(torch.cat([second.bias for _, second in maps]))
            theirs.self_attn.out_proj.load_state_dict(attention.output.state_dict())
            for linear, own in ((theirs.linear1, 0), (theirs.linear2, 2)):
                linear.weight.copy_(ours.feed_forward[own].weight)
                linear.bias.zero_()
            theirs.norm1.load_state_dict(ours.attention_norm.state_dict())
            theirs.norm2.load_state_dict(ours.feed_forward_norm.state_dict())
    x = images(2, 8, 4, 6)
    expected = encoder(x.flatten(2).transpose(1, 2)).transpose(1, 2).unflatten(2, (4, 6))
    torch.testing.assert_close(module(x), expected)


def test_a_patch_embeds_maps_of_as_many_channels_too():
    assert isinstance(block(8).embed, nn.Identity)
    assert block(8, patch=2)(images(2, 8, 4, 6)).shape == (2, 8, 2, 3)


@pytest.mark.parametrize(
    ("options", "more"),
    [
        ({"patch": 2}, 3 * 8 * 3),  # four weights for each of 3 x 8 instead of one
        ({"positions": "none"}, -(8 * 8 + 8)),
        ({"positions": "learned"}, 24 * 8 - (8 * 8 + 8)),
        ({"positions": "learned", "patch": 2}, 6 * 8 - (8 * 8 + 8) + 3 * 8 * 3),
        ({"norm": True}, 5 * 2 * 8),  # two in each of two layers, and one at the end
        ({"activation": "gelu"}, 0),
        ({"expansion": 1.5}, 2 * 8 * 8),  # half of two maps in two layers
    ],
    ids=str,
)
def test_what_an_option_costs_in_parameters(options, more):
    counts = [sum(p.numel() for p in block(depth=2, **o).parameters()) for o in ({}, options)]
    assert counts[1] - counts[0] == more


def test_the_homeworks_block_draws_its_weights_as_ever():
    torch.manual_seed(4)
    ours = list(TransformerBlock(1, (4, 4), 8, depth=2).parameters())
    torch.manual_seed(4)
    parts = [Conv(1, 8), nn.Linear(8, 8)]
    for _ in range(2):
        parts.append(SelfAttention(8, 1))
        parts += [nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False)]
    drawn = [parameter for part in parts for parameter in part.parameters()]
    assert all(itertools.starmap(torch.equal, zip(ours, drawn, strict=True)))


def shuffled(maps):
    order = torch.randperm(24, generator=torch.Generator().manual_seed(0))
    return maps.flatten(2)[..., order].unflatten(2, (4, 6))


@pytest.mark.parametrize("positions", ["content", "none", "learned"])
@pytest.mark.parametrize("rest", [{}, {"norm": True, "activation": "gelu"}], ids=str)
def test_only_learned_positions_tell_one_place_from_another(positions, rest):
    module, x = block(positions=positions, depth=2, **rest), images(2, 3, 4, 6)
    difference = (module(shuffled(x)) - shuffled(module(x))).abs().max().item()
    assert difference > 0.01 if positions == "learned" else difference < 1e-12


def levels():
    generator = torch.Generator().manual_seed(0)
    return (torch.randint(0, 8, (4, 1, 8, 8), generator=generator) * 32).to(torch.uint8)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("options", [{"positions": "learned"}, {"patch": 2}, VIT], ids=str)
@pytest.mark.parametrize("out", [8, 16])
def test_tokens_that_are_not_alike_are_each_computed(options, out, compiled, monkeypatch):
    for way in ("_by_level", "_among_alike"):
        monkeypatch.delattr(TransformerBlock, way)
    arguments = {"heads": 2, "depth": 2, "spread": 0.1, **options}
    module = block(1, out, (8, 8), **arguments).float().train()
    x = as_input(levels())
    exact = block(1, out, (8, 8), **arguments).train()
    expected = exact._tokens(x.double())
    for layer in exact.layers:  # as it is defined, and exported
        expected = layer(expected)
    expected = exact._map(expected, x)
    weights = torch.randn_like(expected)
    (expected * weights).sum().backward()
    with kernels(compiled):
        y = module(x)
        (y * weights).sum().backward()
    assert (y - expected).abs().max() < 1e-4 * expected.abs().max()
    theirs = dict(exact.named_parameters())
    largest = max(parameter.grad.abs().max().item() for parameter in theirs.values())
    for name, parameter in module.named_parameters():
        difference = (parameter.grad - theirs[name].grad).abs().max().item()
        assert difference < 1e-4 * largest, name


def test_attention_stays_exact_beside_bfloat16():
    module, x = block(1, 8, (8, 8), **VIT).float(), as_input(levels())
    with torch.autocast("cpu", torch.bfloat16):
        y = module(x)
    assert y.dtype == torch.float32
    assert (y - module(x)).abs().max() < 0.1  # of the embedding, which is rounded


NETWORK = [{"transformer_block": {"out": 8, "heads": 2, **VIT}}, "flatten", {"linear": "classes"}]


def test_weights_are_saved_and_found_again(tmp_path):
    layers = resolve("vit", NETWORK, (1, 8, 8), 10)
    assert layers[0].output_shape == (8, 4, 4)
    network, x = initialise(layers, 3).eval(), as_input(levels())
    save_weights(tmp_path / "weights.safetensors", network, 3)
    loaded = load_weights(tmp_path / "weights.safetensors", layers, 3).eval()
    assert torch.equal(loaded(x), network(x))
    assert not torch.equal(initialise(layers, 4).eval()(x), network(x))


def test_positions_are_of_the_map_that_comes_in():
    layers = [
        {"conv": {"out": 4, "kernel": 3}},
        {"maxpool": 2},
        {"transformer_block": {"out": 8, "positions": "learned"}},
        "flatten",
        {"linear": "classes"},
    ]
    resolved = resolve("net", layers, (1, 12, 8), 10)
    assert resolved[2].arguments["in_size"] == (6, 4)
    assert resolved[2].cls(**resolved[2].arguments).positions.positions.shape == (24, 8)
