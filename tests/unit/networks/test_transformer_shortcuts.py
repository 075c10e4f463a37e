"""One token for all pixels of one value computes what a token for every pixel does."""

import copy

import pytest
import torch

from blocklab.networks.alike import Alike
from blocklab.networks.blocks.transformer import TransformerBlock
from blocklab.networks.images import as_input
from blocklab.networks.kernels.compiled import kernels

# None of them tells one place from another.
AS_EXACT = {"positions": "none", "norm": True, "activation": "gelu", "expansion": 1.5}


@pytest.fixture
def levels():
    """Four images of 8x8 pixels; the first has one level, the last has both ends of the range."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (4, 1, 8, 8), generator=generator) // 32 * 32
    images[0] = 64
    images[3, 0, 0] = torch.tensor([0, 255] * 4)
    return images.to(torch.uint8)


def block(heads, out=8, **options):
    torch.manual_seed(1)
    made = TransformerBlock(1, (8, 8), out, heads=heads, depth=2, **options)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return made


def every_pixel(block, x):
    """Return what the block is defined as, in double precision, and the copy that computed it."""
    reference = copy.deepcopy(block).double()
    tokens = reference._tokens(x)
    for layer in reference.layers:
        tokens = layer(tokens)
    return reference.norm(tokens).transpose(1, 2).unflatten(2, x.shape[2:]), reference


def assert_alike(ours, expected, what, largest=0.0):
    # Of some gradients the mathematics leaves nothing, and rounding a little of what was added up
    # (keys' biases), whose size the largest of all gradients tells.
    tolerance = 1e-3 * expected.abs().max().item() + max(1e-4, 2e-6 * largest)
    assert (ours - expected).abs().max().item() < tolerance, what


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("static", [True, False])
@pytest.mark.parametrize(
    ("heads", "out", "options"), [(1, 8, {}), (2, 8, {}), (1, 1, {}), (2, 8, AS_EXACT)]
)
def test_tokens_of_levels(levels, heads, out, options, static, compiled, training):
    ours = block(heads, out, **options).train(training)
    weights = torch.randn(4, out, 8, 8)
    expected, reference = every_pixel(ours, as_input(levels).double())
    (expected * weights).sum().backward()
    with kernels(compiled):
        y = ours._by_level(levels, static)
        (y * weights).sum().backward()
    assert_alike(y, expected, "output")
    theirs = dict(reference.named_parameters())
    largest = max(parameter.grad.abs().max().item() for parameter in theirs.values())
    for name, parameter in ours.named_parameters():
        assert_alike(parameter.grad, theirs[name].grad, name, largest)
    for name, value in reference.named_buffers():
        assert_alike(dict(ours.named_buffers())[name], value, name)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(("heads", "options"), [(1, {}), (2, {}), (2, AS_EXACT)])
def test_gradients_of_pixels(levels, heads, options, compiled):
    ours = block(heads, **options).eval()
    weights = torch.randn(4, 8, 8, 8)
    # Half way from black, as on the path of Integrated Gradients: no levels any more.
    x = (as_input(levels) * 0.5).requires_grad_()
    exact = x.detach().double().requires_grad_()
    expected, _ = every_pixel(ours, exact)
    (expected * weights).sum().backward()
    with kernels(compiled):
        y = ours(x)
        (y * weights).sum().backward()
    assert_alike(y, expected, "output")
    assert_alike(x.grad, exact.grad, "gradient")
    assert exact.grad[0].std() > 1e-3 * exact.grad.abs().max()  # equal pixels, unequal gradients


def test_the_block_goes_the_way_that_its_input_allows(levels, monkeypatch):
    ways = []
    for name in ("_by_level", "_among_alike", "_tokens"):
        usual = getattr(TransformerBlock, name)
        monkeypatch.setattr(
            TransformerBlock,
            name,
            lambda *given, name=name, usual=usual, **more: (
                ways.append(name) or usual(*given, **more)
            ),
        )
    ours, x = block(1), as_input(levels)
    ours(x)
    assert ways == ["_by_level"]
    ours(x.clone())  # floats like any other
    ours(x.detach().requires_grad_())
    ours(as_input(levels).mul_(0.5))
    assert ways[1:] == ["_among_alike", "_tokens"] * 3
    marked = as_input(levels).requires_grad_()
    ours(marked).sum().backward()
    assert marked.grad.abs().sum() > 0
    del ways[:]
    ours(torch.rand(2, 1, 8, 8))  # as many values as pixels
    assert ways == ["_tokens"]


def test_one_pixel_has_no_statistics():
    pixel = torch.ones(1, 1, 1, 1, dtype=torch.uint8)
    with pytest.raises(ValueError, match="more than 1 value"):
        block(1)(as_input(pixel))
    assert block(1).eval()(as_input(pixel)).isfinite().all()


def test_double_precision_takes_the_same_ways(levels):
    ours, x = block(2).double().eval(), as_input(levels)
    expected, _ = every_pixel(ours, x.double())
    torch.testing.assert_close(ours(x), expected)
    torch.testing.assert_close(ours(x.double()), expected)


def test_alike_counts_and_numbers():
    values = torch.tensor([[7, 0, 7, 3], [5, 5, 5, 5]])
    by_value = Alike.by_value(values / 7)
    assert by_value.which.tolist() == [[2, 0, 2, 1], [0, 0, 0, 0]]
    assert by_value.counts.tolist() == [[1, 1, 2], [4, 0, 0]]
    by_level = Alike.by_level(values.to(torch.uint8))
    assert by_level.counts.shape == (2, 256)
    assert by_level.counts.nonzero().tolist() == [[0, 0], [0, 3], [0, 7], [1, 5]]
    kept, compact = by_level.compact()
    assert kept.tolist() == [[0, 3, 7], [5, 0, 0]]
    assert compact.which.tolist() == by_value.which.tolist()
    assert compact.counts.tolist() == by_value.counts.tolist()


def test_alike_spreads_and_averages():
    alike = Alike.by_value(torch.tensor([[0.5, 0.0, 0.5]]))
    tokens = torch.tensor([[[1.0, 10.0], [3.0, 30.0], [5.0, 50.0]]])
    assert alike.mean(tokens).tolist() == [[[3.0, 30.0], [3.0, 30.0]]]
    assert alike.spread(torch.tensor([[[1.0, 10.0], [2.0, 20.0]]])).tolist() == [
        [[2.0, 1.0, 2.0], [20.0, 10.0, 20.0]]
    ]
