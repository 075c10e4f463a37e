"""Maxima that tie: what an explanation owes to the order in which a max-pool looks at pixels.

Where several pixels of a window share its maximum, the gradient goes to one of them, by position
alone. Networks that agree on every image may disagree in that, so "same function, same
attributions" fails. Here all that tie get equal parts, which is also a subgradient, and what
torch.amax does, whereas torch.max along a dimension picks one. The size of the effect is a
definition of our own.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from blocklab.data.prepared import Split
from blocklab.explanation.explanation import Explainer
from blocklab.explanation.measures.pixel_error import median_l1
from blocklab.networks.kernels.compiled import kernels
from blocklab.networks.network import predict


@contextmanager
def ties_averaged() -> Iterator["_SharedMaxima"]:
    """Let every 2-dimensional max-pool share its gradient among equal maxima within the block.

    Outputs stay the same to the bit. The compiled kernels rest meanwhile, so that all pools are
    torch's own. The value tells afterwards whether there were `pools` at all.
    """
    with kernels(False), _SharedMaxima() as mode:
        yield mode


def tie_effect(network: nn.Module, images: Split, explainer: Explainer, steps: int) -> float:
    """Return the median relative L1 between maps and those whose ties are averaged.

    Both are made with `steps` points, so that they differ in nothing else. NaN if the network has
    no max-pool, or if no map is finite and above 0.
    """
    with ties_averaged() as mode:
        predict(network, images.images[:1])
        if not mode.pools:
            return np.nan
        averaged, _ = explainer.maps(network, images, steps)
    plain, _ = explainer.maps(network, images, steps)
    return median_l1(averaged, plain)


class _SharedMaxima(TorchFunctionMode):
    """Replace max-pools by `_SharedMaxPool`, whichever block calls them."""

    pools = False

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function in (F.max_pool2d, torch.max_pool2d):
            self.pools = True
            return _shared_max_pool(*args, **kwargs)
        return function(*args, **kwargs)


def _shared_max_pool(
    x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    where = [_pair(size) for size in (kernel_size, stride or kernel_size, padding, dilation)]
    if return_indices:  # whoever asks for positions wants one of each
        return F.max_pool2d(x, *where, ceil_mode=ceil_mode, return_indices=True)
    return _SharedMaxPool.apply(x, *where, ceil_mode)


def _pair(size):
    return (size, size) if isinstance(size, int) else tuple(size)


class _SharedMaxPool(torch.autograd.Function):
    """(x, kernel, stride, padding, dilation, ceil_mode) -> y"""

    @staticmethod
    def forward(ctx, x, kernel, stride, padding, dilation, ceil_mode):
        y = F.max_pool2d(x, kernel, stride, padding, dilation, ceil_mode)
        ctx.save_for_backward(x, y)
        ctx.how = kernel, stride, padding, dilation
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_y):
        x, y = ctx.saved_tensors
        kernel, stride, padding, dilation = ctx.how
        # As far as the last window reaches, which may be beyond the padding.
        after = [
            (out - 1) * step + (size - 1) * apart + 1 - pad - side
            for out, step, size, apart, pad, side in zip(
                y.shape[2:], stride, kernel, dilation, padding, x.shape[2:], strict=True
            )
        ]
        borders = [padding[1], max(after[1], 0), padding[0], max(after[0], 0)]
        padded = F.pad(x, borders, value=-torch.inf)
        places = [
            tuple(
                slice(at * apart, at * apart + (out - 1) * step + 1, step)
                for at, apart, out, step in zip(
                    (row, column), dilation, y.shape[2:], stride, strict=True
                )
            )
            for row in range(kernel[0])
            for column in range(kernel[1])
        ]
        equal = sum((padded[:, :, *place] == y).to(y.dtype) for place in places)
        part = grad_y / equal.clamp(min=1)  # 0 are equal to what is not a number
        grad_x = torch.zeros_like(padded)
        for place in places:
            window = grad_x[:, :, *place]
            window += part * (padded[:, :, *place] == y)
        top, left = padding
        grad_x = grad_x[:, :, top : top + x.shape[2], left : left + x.shape[3]]
        return grad_x, None, None, None, None, None
