"""The compiled kernels against torch's own operations in double precision."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from blocklab.networks.kernels.compiled import kernels, load_kernels
from blocklab.networks.kernels.fused import batch_norm_activation, concatenate, max_pool

pytestmark = pytest.mark.skipif(load_kernels() is None, reason="no C++ compiler here")

# Channels that fill a vector, that do not, and more than a stretch; maps down to a single pixel.
SHAPES = [(3, 4, 9, 7), (2, 5, 6, 6), (5, 16, 8, 8), (2, 70, 3, 3), (4, 1, 5, 5), (9, 3, 1, 1)]
TOLERANCE = {torch.float32: 2e-6, torch.bfloat16: 2**-7}


def made(shape, dtype, seed=0, offset=0.0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(shape, generator=generator) + offset
    return x.to(dtype).contiguous(memory_format=torch.channels_last)


def normalisation(channels):
    norm = nn.BatchNorm2d(channels)
    with torch.no_grad():
        norm.weight.copy_(torch.linspace(-1.5, 2, channels))
        norm.bias.copy_(torch.linspace(1, -1, channels))
    return norm


def assert_near(actual, expected, dtype):
    scale = expected.abs().max().item()
    difference = (actual.double() - expected.double()).abs().max().item()
    assert difference <= TOLERANCE[dtype] * max(scale, 1)


@pytest.mark.parametrize("offset", [0.0, 100.0])
@pytest.mark.parametrize("activation", [nn.Identity(), nn.ReLU(), nn.SiLU()])
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_activation(shape, dtype, activation, offset):
    x = made(shape, dtype, offset=offset).requires_grad_()
    exact = x.detach().double().requires_grad_()
    norm, reference = normalisation(shape[1]), normalisation(shape[1]).double()
    gradient = made(shape, dtype, seed=1)
    with kernels():
        y = batch_norm_activation(x, norm, activation)
        assert y.grad_fn.name() == "_BatchNormActivationBackward"
        y.backward(gradient)
    expected = activation(reference(exact))
    expected.backward(gradient.double())
    assert y.dtype == dtype
    assert y.is_contiguous(memory_format=torch.channels_last)
    # 100 away from zero, float32 itself has two digits less.
    kind = dtype if not offset else torch.bfloat16
    assert_near(y, expected, kind)
    if not (offset and dtype == torch.bfloat16):  # bfloat16 keeps nothing of such an input
        assert_near(x.grad, exact.grad, kind)
        assert_near(norm.weight.grad, reference.weight.grad, kind)
        assert_near(norm.bias.grad, reference.bias.grad, kind)
    assert_near(norm.running_mean, reference.running_mean, torch.float32)
    assert_near(norm.running_var, reference.running_var, torch.float32)
    assert norm.num_batches_tracked == 1


@pytest.mark.parametrize("kernel", [1, 3, 5, 13])
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", SHAPES)
def test_max_pool_gives_the_gradient_to_the_same_pixel_of_equals_as_torch(shape, dtype, kernel):
    x = made(shape, dtype).mul(2).round().clamp(-2, 2).requires_grad_()
    exact = x.detach().double().requires_grad_()
    gradient = made(shape, dtype, seed=1).mul(8).round()  # whole, so that every sum is exact
    with kernels():
        y = max_pool(x, kernel)
        assert y.grad_fn.name() == "_MaxPoolBackward"
        y.backward(gradient)
    expected = F.max_pool2d(exact, kernel, stride=1, padding=kernel // 2)
    expected.backward(gradient.double())
    assert torch.equal(y.double(), expected)
    assert torch.equal(x.grad.double(), exact.grad.to(dtype).double())


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("channels", [(4, 4, 4), (8, 16), (5, 1, 3), (32,)])
@pytest.mark.parametrize("size", [(6, 5), (1, 1)])
def test_concatenation_and_its_parts_are_torchs_to_the_bit(dtype, channels, size):
    maps = [made((3, count, *size), dtype, seed=count).requires_grad_() for count in channels]
    twins = [x.detach().clone().requires_grad_() for x in maps]
    expected = torch.cat(twins, dim=1)
    gradient = made(expected.shape, dtype, seed=1)
    expected.backward(gradient)
    with kernels():
        y = concatenate(maps)
        assert y.grad_fn.name() == "_ConcatenateBackward"
        y.backward(gradient)
    assert y.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(y, expected)
    for x, twin in zip(maps, twins, strict=True):
        assert torch.equal(x.grad, twin.grad)
        assert x.grad.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("shape", [(3, 4, 6, 5), (2, 4, 6, 6)])
def test_maps_that_do_not_match_are_torchs_to_refuse(shape):
    with kernels(), pytest.raises(RuntimeError, match="Sizes of tensors must match"):
        concatenate([made((3, 4, 6, 6), torch.float32), made(shape, torch.float32)])


def test_what_is_no_number_stays_so():
    x = made((2, 4, 6, 6), torch.float32)
    x[0, 1, 2, 2] = float("nan")
    x[1, 2, 0, 0] = float("inf")
    with kernels():
        assert torch.equal(max_pool(x, 3).isnan(), F.max_pool2d(x, 3, 1, 1).isnan())
        assert torch.equal(max_pool(x, 3).isinf(), F.max_pool2d(x, 3, 1, 1).isinf())
        for activation in (nn.Identity(), nn.ReLU(), nn.SiLU()):
            y = batch_norm_activation(x, normalisation(4), activation)
            assert y[:, 1].isnan().all()
            assert y[:, 2].isnan().any()
            assert not y[:, [0, 3]].isnan().any()


def test_infinity_and_what_is_no_number_pass_the_sigmoid():
    # An infinite pixel makes its channel's mean infinite; a bias comes through alone.
    norm = normalisation(2)
    norm.bias.data.copy_(torch.tensor([float("inf"), float("nan")]))
    with kernels():
        y = batch_norm_activation(made((2, 2, 3, 3), torch.float32), norm, nn.SiLU())
    assert (y[:, 0] == float("inf")).all()
    assert y[:, 1].isnan().all()


@pytest.mark.parametrize("value", [-1e4, -88.0, -1e-30, 0.0, 1e-30, 88.0, 1e4])
def test_silu_is_right_where_exponentials_end(value):
    # A channel of -value and value is -1 and 1 normalised; the weight makes it as large again.
    x = made((2, 1, 1, 1), torch.float32)
    x[:, 0, 0, 0] = torch.tensor([-1.0, 1.0])
    norm = nn.BatchNorm2d(1, eps=0)
    norm.weight.data.fill_(value)
    with kernels():
        y = batch_norm_activation(x, norm, nn.SiLU())
    expected = F.silu(torch.tensor([-value, value], dtype=torch.float64))
    torch.testing.assert_close(y.flatten().double(), expected, rtol=1e-5, atol=1e-30)


def plain(x):
    return x.contiguous()


def double(x):
    return x.double()


def meta(x):
    return x.to("meta")


@pytest.mark.parametrize("change", [plain, double, meta])
def test_what_does_not_fit_is_torchs_own_operation(change):
    x = change(made((3, 4, 6, 6), torch.float32)).requires_grad_()
    norm = normalisation(4).to(x.device, x.dtype)
    with kernels():
        y = batch_norm_activation(x, norm, nn.ReLU())
        assert "BatchNormActivation" not in y.grad_fn.name()
        assert "_MaxPool" not in max_pool(x, 3).grad_fn.name()
        assert "_Concatenate" not in concatenate([x, x]).grad_fn.name()


def test_kernels_are_for_training_and_known_activations():
    x = made((3, 4, 6, 6), torch.float32).requires_grad_()
    norm = normalisation(4)
    with kernels():
        y = batch_norm_activation(x, norm, nn.GELU())
        assert "BatchNormActivation" not in y.grad_fn.name()
        norm.eval()
        torch.testing.assert_close(batch_norm_activation(x, norm, nn.ReLU()), F.relu(norm(x)))
        assert norm.num_batches_tracked == 1


def test_one_number_per_channel_has_no_variance_here_either():
    x = made((1, 4, 1, 1), torch.float32)
    with kernels(), pytest.raises(ValueError, match="more than 1 value per channel"):
        batch_norm_activation(x, normalisation(4), nn.ReLU())


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_threads_change_no_bit(dtype):
    x, gradient = made((9, 6, 32, 32), dtype), made((9, 6, 32, 32), dtype, seed=1)

    def results():
        leaf, norm = x.clone().requires_grad_(), normalisation(6)
        with kernels():
            y = batch_norm_activation(leaf, norm, nn.SiLU())
            y = concatenate([max_pool(y, 5), y])
            y.backward(torch.cat([gradient, gradient], dim=1))
        return y, leaf.grad, norm.weight.grad, norm.running_var

    threads = torch.get_num_threads()
    one = results()
    try:
        torch.set_num_threads(2)
        two = results()
    finally:
        torch.set_num_threads(threads)
    assert all(map(torch.equal, one, two))
