"""Attention to tokens that may each stand for many, in the compiled kernel where it fits.

The kernel is for the CPU, float32 and heads of a few widths; everywhere else it is torch's own
operation, which takes the counts as a mask.
"""

import torch
from torch.nn import functional as F

from blocklab.networks.kernels.compiled import active_kernels, call_kernel

WIDTHS = (4, 8, 16, 32)  # of a head, as compiled in attention.cpp
# Up to here the kernel is faster than torch's operation where every key stands for one: 64 tokens
# of 50 images, forward and backward, take 0.9 instead of 1.7 ms at a width of 8, but 3.3 instead of
# 2.3 in two heads of 16 (AMD EPYC with AVX-512, one thread, best of n = 9).
NARROW = 8


def attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    heads: int,
    log_counts: torch.Tensor | None,
    to_themselves: bool,
) -> torch.Tensor:
    """Return what queries [N, Q, C] get from keys and values [N, K, C]: [N, Q, C].

    log_counts [N, K]: the logarithm of how many tokens each key stands for, -inf for none, which
    come last. A key that stands for n weighs n times as much: exp(score + log n) = n exp(score).
    None: every key stands for one.
    to_themselves: queries and keys are the same tokens; nobody reads what those get that stand
    for none, and no gradient comes back from there.
    """
    width = query.shape[2] // heads
    if _fits(query, width) and (log_counts is not None or width <= NARROW):
        counts = query.new_zeros(key.shape[:2]) if log_counts is None else log_counts
        return _Attention.apply(query, key, value, counts, heads, to_themselves)
    # [N, T, C] -> [N, heads, T, C / heads]. The fused operation never stores the Q x K weights.
    split = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
    mask = None if log_counts is None else log_counts[:, None, None].to(query.dtype)
    y = F.scaled_dot_product_attention(*split, attn_mask=mask)
    return y.transpose(1, 2).flatten(2)


def _fits(x: torch.Tensor, width: int) -> bool:
    return (
        active_kernels() is not None
        and x.device.type == "cpu"
        and x.dtype == torch.float32
        and width in WIDTHS
        and x.numel() > 0
    )


class _Attention(torch.autograd.Function):
    """(query, key, value, log_counts, heads, to_themselves) -> y"""

    @staticmethod
    def forward(ctx, query, key, value, log_counts, heads, to_themselves):
        query, key, value, log_counts = (x.contiguous() for x in (query, key, value, log_counts))
        y = torch.zeros_like(query)
        log_sums = torch.zeros(len(query), heads, query.shape[1])
        ctx.how = heads, to_themselves
        _call("attention", *ctx.how, query, key, value, log_counts, y, log_sums)
        ctx.save_for_backward(query, key, value, log_counts, y, log_sums)
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_y):
        query, key, value, *_ = ctx.saved_tensors
        gradients = [torch.zeros_like(x) for x in (query, key, value)]
        _call("attention_backward", *ctx.how, *ctx.saved_tensors, grad_y.contiguous(), *gradients)
        return *gradients, None, None, None


def _call(name: str, heads: int, to_themselves: bool, query, key, *tensors) -> None:
    images, queries, channels = query.shape
    sizes = images, heads, queries, key.shape[1], to_themselves
    call_kernel(f"{name}_{channels // heads}", *sizes, query, key, *tensors)
