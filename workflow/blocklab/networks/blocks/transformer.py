"""Self-attention over the pixels of a map.

Vaswani et al. 2017, Attention Is All You Need, arXiv 1706.03762; on images, Dosovitskiy et al.
2020, arXiv 2010.11929. As the homework built it, unlike both papers: no LayerNorm, no
non-linearity between the two feed-forward maps, and a "position embedding" that is a linear map
of the tokens, so that the block knows no positions at all.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from blocklab.networks.blocks.conv import Conv
from blocklab.networks.blocks.registry import Count, block


class SelfAttention(nn.Module):
    """Multi-head attention of tokens [N, T, channels] to themselves, same shape out.

    Queries, keys and values pass two linear maps each, as in the homework: one without bias,
    and the attention module's own input projection.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = self._projection(channels)
        self.key = self._projection(channels)
        self.value = self._projection(channels)
        self.output = nn.Linear(channels, channels)
        nn.init.zeros_(self.output.bias)

    @staticmethod
    def _projection(channels: int) -> nn.Sequential:
        own = nn.Linear(channels, channels)
        # As torch's own attention module starts: Glorot's bound for the three projections in one.
        bound = math.sqrt(6 / (channels + 3 * channels))
        nn.init.uniform_(own.weight, -bound, bound)
        nn.init.zeros_(own.bias)
        return nn.Sequential(nn.Linear(channels, channels, bias=False), own)

    def forward(self, x, log_counts=None):
        """Attend; `log_counts` [N, T] is the logarithm of how often each token occurs, if not once.

        A token that occurs n times weighs n times as much, and exp(score + log n) = n exp(score).
        """
        mask = None if log_counts is None else log_counts[:, None, None]
        # [N, T, C] -> [N, heads, T, C/heads]. The fused kernel never stores the T x T weights.
        query, key, value = (
            projection(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for projection in (self.query, self.key, self.value)
        )
        y = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.output(y.transpose(1, 2).flatten(2))


class TransformerLayer(nn.Module):
    """Attention, then two linear maps, each with a residual connection; [N, T, channels]."""

    residual = True

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.attention = SelfAttention(channels, heads)
        self.feed_forward = nn.Sequential(
            nn.Linear(channels, channels, bias=False), nn.Linear(channels, channels, bias=False)
        )

    def forward(self, x, log_counts=None):
        x = x + self.attention(x, log_counts)
        return x + self.feed_forward(x)


@block("transformer_block")
class TransformerBlock(nn.Module):
    """[N, in_channels, H, W] -> [N, out, H, W], every pixel one token of `out` channels.

    Args:
        out: channels of each token, and output channels
        heads: attention heads, which share the channels equally
        depth: layers of attention and feed-forward maps, one after another
    """

    def __init__(self, in_channels: int, out: Count, heads: Count = 1, depth: Count = 1) -> None:
        super().__init__()
        if out % heads:
            raise ValueError(f"heads={heads} must divide out={out}")
        self.embed = nn.Identity() if in_channels == out else Conv(in_channels, out)
        self.content = nn.Linear(out, out)
        self.layers = nn.ModuleList(TransformerLayer(out, heads) for _ in range(depth))

    def forward(self, x):
        # On a GPU the number of distinct values could only be had by waiting for it.
        if x.device.type == "cpu" and x.shape[1] == 1 and not x.requires_grad:
            values, which = torch.unique(x, return_inverse=True)
            if 0 < 2 * len(values) <= x.shape[2:].numel():
                # bfloat16 would round the logarithms of the counts.
                with torch.autocast("cpu", enabled=False):
                    return self._forward_distinct(x.float(), which.flatten(1), len(values))
        tokens = self._tokens(x)
        tokens = tokens + self.content(tokens)
        for layer in self.layers:
            tokens = layer(tokens)
        return tokens.transpose(1, 2).unflatten(2, x.shape[2:])

    def _tokens(self, x):
        """[N, in_channels, H, W] -> [N, H*W, out], embedded."""
        return self.embed(x).flatten(2).transpose(1, 2)

    def _forward_distinct(self, x, which, count):
        """Compute the same as the plain way, with one token per distinct pixel value.

        Tokens know no positions, so pixels of one value stay one token all the way through: of an
        8-bit image's 1,024 pixels at most 256 differ. Gradients of the weights are the same too.
        Those of pixels would not be, which only attribution asks for. `which` [N, T] numbers the
        value of every pixel, from 0 to `count` - 1.
        """
        # The first pixel of each value: which one it is decides how gradients add up.
        pixels = torch.arange(which.numel())
        somewhere = torch.full((count,), len(pixels))
        somewhere.scatter_reduce_(0, which.flatten(), pixels, "amin")
        tokens = self._tokens(x).flatten(0, 1)[somewhere]
        tokens = (tokens + self.content(tokens)).expand(len(x), -1, -1)
        occurrences = torch.zeros(len(x), count, dtype=tokens.dtype)
        occurrences.scatter_add_(1, which, torch.ones_like(which, dtype=tokens.dtype))
        for layer in self.layers:
            tokens = layer(tokens, occurrences.log())
        tokens = tokens.gather(1, which.unsqueeze(2).expand(-1, -1, tokens.shape[2]))
        return tokens.transpose(1, 2).unflatten(2, x.shape[2:])
