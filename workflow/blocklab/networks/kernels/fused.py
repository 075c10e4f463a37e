"""Operations that the compiled kernels do in fewer passes over memory than torch.

Each takes the kernels where they are in use and fit: maps [N, C, H, W] on the CPU, channels_last,
float32 or bfloat16. Everywhere else it is torch's own operation.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from blocklab.networks.kernels.compiled import active_kernels, call_kernel

ACTIVATIONS = {nn.Identity: "Identity", nn.ReLU: "ReLU", nn.SiLU: "SiLU"}
TYPES = {torch.float32: "float32", torch.bfloat16: "bfloat16"}
LARGEST_POOL = 255  # a pixel's place in its window is kept in a byte


def batch_norm_activation(
    x: torch.Tensor, norm: nn.BatchNorm2d, activation: nn.Module
) -> torch.Tensor:
    """Return activation(norm(x)), same shape; in training mode norm's statistics are updated."""
    kind = ACTIVATIONS.get(type(activation))
    pixels = x.numel() // x.shape[1]
    if kind is None or not norm.training or pixels < 2 or not _fits(x):
        return activation(norm(x))
    y, mean, variance = _BatchNormActivation.apply(x, norm.weight, norm.bias, norm.eps, kind)
    follow_batch(norm, mean, variance, pixels)
    return y


@torch.no_grad()
def follow_batch(
    norm: nn.BatchNorm2d, mean: torch.Tensor, variance: torch.Tensor, pixels: int | torch.Tensor
) -> None:
    """Let norm's statistics follow the mean and (biased) variance [C] of a batch.

    Without a momentum they become the mean over all batches, as torch's do.
    """
    norm.num_batches_tracked += 1
    share = norm.momentum
    if share is None:
        share = 1 / norm.num_batches_tracked.float()
    norm.running_mean.lerp_(mean, share)
    norm.running_var.lerp_(variance * (pixels / (pixels - 1)), share)


def max_pool(x: torch.Tensor, kernel: int) -> torch.Tensor:
    """Return the largest of the kernel x kernel window around every pixel; `kernel` is odd."""
    if kernel <= LARGEST_POOL and _fits(x):
        return _MaxPool.apply(x, kernel)
    return F.max_pool2d(x, kernel, stride=1, padding=kernel // 2)


def concatenate(maps: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return maps of the same N, H and W one after another along their channels."""
    if all(map(_fits, maps)) and len({(x.dtype, x.shape[0], *x.shape[2:]) for x in maps}) == 1:
        return _Concatenate.apply(*maps)
    return torch.cat(tuple(maps), dim=1)


def _fits(x: torch.Tensor) -> bool:
    return (
        active_kernels() is not None
        and x.device.type == "cpu"
        and x.dtype in TYPES
        and x.numel() > 0
        and x.is_contiguous(memory_format=torch.channels_last)
    )


class _BatchNormActivation(torch.autograd.Function):
    """(x, weight, bias, epsilon, activation) -> y, and the mean and variance of every channel."""

    @staticmethod
    def forward(ctx, x, weight, bias, epsilon, kind):
        y = torch.empty_like(x)
        mean, variance, inverse = torch.empty(3, x.shape[1]).unbind()
        call_kernel(
            f"batch_norm_{kind}_{TYPES[x.dtype]}", *_rows(x), x, weight, bias, float(epsilon),
            mean, variance, inverse, y,
        )  # fmt: skip
        ctx.save_for_backward(x, weight, bias, mean, inverse)
        ctx.kind = kind
        ctx.mark_non_differentiable(mean, variance)
        return y, mean, variance

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_y, *_):
        x, weight, bias, mean, inverse = ctx.saved_tensors
        grad_y = grad_y.contiguous(memory_format=torch.channels_last)
        grad_x, grad_weight, grad_bias = map(torch.empty_like, (x, weight, bias))
        call_kernel(
            f"batch_norm_backward_{ctx.kind}_{TYPES[x.dtype]}", *_rows(x), x, grad_y, weight, bias,
            mean, inverse, grad_x, grad_weight, grad_bias,
        )  # fmt: skip
        return grad_x, grad_weight, grad_bias, None, None


class _MaxPool(torch.autograd.Function):
    """(x, kernel) -> y. Keeps where each maximum was: its row and column in the window."""

    @staticmethod
    def forward(ctx, x, kernel):
        y = torch.empty_like(x)
        row, column = (torch.empty_like(x, dtype=torch.uint8) for _ in range(2))
        call_kernel(f"max_pool_{TYPES[x.dtype]}", *_sizes(x), kernel, x, y, row, column)
        ctx.save_for_backward(row, column)
        ctx.kernel = kernel
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_y):
        row, column = ctx.saved_tensors
        grad_y = grad_y.contiguous(memory_format=torch.channels_last)
        grad_x = torch.empty_like(grad_y)
        name = f"max_pool_backward_{TYPES[grad_y.dtype]}"
        call_kernel(name, *_sizes(grad_y), ctx.kernel, grad_y, row, column, grad_x)
        return grad_x, None


class _Concatenate(torch.autograd.Function):
    """(maps) -> y. Gradients are maps of their own, where torch's are strided parts of a whole."""

    @staticmethod
    def forward(ctx, *maps):
        images, _, height, width = maps[0].shape
        ctx.shapes = [x.shape for x in maps]
        y = _empty((images, sum(x.shape[1] for x in maps), height, width), maps[0].dtype)
        for x, part in zip(maps, _parts(y, ctx.shapes), strict=True):
            _copy_channels(x, x.shape[1], part, y.shape[1])
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_y):
        grad_y = grad_y.contiguous(memory_format=torch.channels_last)
        gradients = [_empty(shape, grad_y.dtype) for shape in ctx.shapes]
        for part, gradient in zip(_parts(grad_y, ctx.shapes), gradients, strict=True):
            _copy_channels(part, grad_y.shape[1], gradient, gradient.shape[1])
        return tuple(gradients)


def _empty(shape, dtype):
    return torch.empty(shape, dtype=dtype, memory_format=torch.channels_last)


def _parts(y, shapes):
    return y.split([shape[1] for shape in shapes], dim=1)


def _copy_channels(source, source_step, target, target_step):
    """Copy one map to another; steps are numbers from one pixel to the next."""
    rows, channels = _rows(source)
    size = source.element_size()
    call_kernel(
        "copy_channels",
        rows, channels * size, source, source_step * size, target, target_step * size,
    )  # fmt: skip


def _rows(x):
    return x.numel() // x.shape[1], x.shape[1]


def _sizes(x):
    images, channels, height, width = x.shape
    return images, height, width, channels
