"""Self-attention over the pixels of a map.

Vaswani et al. 2017, Attention Is All You Need, arXiv 1706.03762; on images, Dosovitskiy et al.
2020, arXiv 2010.11929. As the homework built it, unlike both papers: single pixels as tokens, no
LayerNorm, no non-linearity between the two feed-forward maps, and a "position embedding" that is a
linear map of the tokens, so that the block knows no positions at all. Each has an argument with
which it is as in the papers.
"""

import math
from typing import Literal

import torch
from torch import nn
from torch.nn import functional as F

from blocklab.networks.alike import Alike, batch_norm_of_counted
from blocklab.networks.blocks.basic import ACTIVATIONS
from blocklab.networks.blocks.conv import Conv, hidden_channels
from blocklab.networks.blocks.registry import ActivationName, Count, Factor, block
from blocklab.networks.images import LEVELS, levels_of
from blocklab.networks.kernels.attention import attention


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

    def forward(self, x):
        # [N, T, C] -> [N, heads, T, C/heads]. The fused operation never stores the T x T weights.
        query, key, value = (
            projection(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for projection in (self.query, self.key, self.value)
        )
        y = F.scaled_dot_product_attention(query, key, value)
        return self.output(y.transpose(1, 2).flatten(2))

    def among(self, x, others, log_counts):
        """Attend from x [N, T, channels] to others [N, K, channels], each exp(log_counts) times.

        Each once without log_counts.
        """
        query = chained(self.query, x)
        key, value = chained(self.key, others), chained(self.value, others)
        return self.output(attention(query, key, value, self.heads, log_counts, x is others))


class TransformerLayer(nn.Module):
    """Attention, then two linear maps, each with a residual connection; [N, T, channels].

    With `norm`, each of the two begins with a LayerNorm. Neither linear map has a bias.
    """

    residual = True

    def __init__(
        self, channels: int, heads: int, norm: bool, activation: ActivationName, expansion: float
    ) -> None:
        super().__init__()
        hidden = hidden_channels(channels, expansion)
        self.attention = SelfAttention(channels, heads)
        self.feed_forward = nn.Sequential(
            nn.Linear(channels, hidden, bias=False),
            *([] if activation == "none" else [ACTIVATIONS[activation]()]),
            nn.Linear(hidden, channels, bias=False),
        )
        self.attention_norm = nn.LayerNorm(channels) if norm else nn.Identity()
        self.feed_forward_norm = nn.LayerNorm(channels) if norm else nn.Identity()

    def forward(self, x):
        x = x + self.attention(self.attention_norm(x))
        return x + self.feed_forward(self.feed_forward_norm(x))

    def among(self, x, others, log_counts):
        """The same for x [N, T, channels] among others [N, K, channels] (SelfAttention.among)."""
        asking = self.attention_norm(x)
        others = asking if others is x else self.attention_norm(others)
        x = x + self.attention.among(asking, others, log_counts)
        y = self.feed_forward_norm(x)
        linear = len(self.feed_forward) == 2
        return x + (chained(self.feed_forward, y) if linear else self.feed_forward(y))


class LearnedPositions(nn.Module):
    """Add a learned vector to every token [N, T, channels], one for each of the T places.

    They start as those of ViT do, with a standard deviation of 0.02.
    """

    def __init__(self, tokens: int, channels: int) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.empty(tokens, channels))
        nn.init.normal_(self.positions, std=0.02)

    def forward(self, x):
        return x + self.positions


def _is_recorded() -> bool:
    """Tell whether the network is being exported, as a graph for images of any values."""
    return torch.jit.is_tracing() or torch.compiler.is_compiling()


def chained(maps: nn.Sequential, x: torch.Tensor) -> torch.Tensor:
    """Apply two linear maps, the first without bias, as the one map that they amount to."""
    first, second = maps
    return F.linear(x, second.weight @ first.weight, second.bias)


@block("transformer_block")
class TransformerBlock(nn.Module):
    """[N, in_channels, H, W] -> [N, out, H / patch, W / patch]: attention among all tokens.

    A token of `out` channels is a pixel, or a patch. It is embedded by a `conv` with batch
    normalisation and SiLU, except that pixels of `out` channels are tokens as they are.

    Args:
        out: channels of each token, and output channels
        heads: attention heads, which share the channels equally
        depth: layers of attention and feed-forward maps, one after another
        patch: side of the square of pixels that is one token, embedded by one convolution
        positions: what is added to the tokens at first; `content`: a linear map of the token
            itself, which says nothing of its place; `learned`: numbers of its place's own;
            `none`: nothing
        norm: whether LayerNorm comes before attention, before the feed-forward maps and at the
            end, as in ViT
        activation: function between the two feed-forward maps
        expansion: channels between the feed-forward maps, relative to the output channels
    """

    def __init__(
        self,
        in_channels: int,
        in_size: tuple[int, int],
        out: Count,
        heads: Count = 1,
        depth: Count = 1,
        patch: Count = 1,
        positions: Literal["content", "learned", "none"] = "content",
        norm: bool = False,
        activation: ActivationName = "none",
        expansion: Factor = 1.0,
    ) -> None:
        super().__init__()
        if out % heads:
            raise ValueError(f"heads={heads} must divide out={out}")
        height, width = in_size
        if height % patch or width % patch:
            fitting = [str(n) for n in range(1, min(in_size) + 1) if not (height % n or width % n)]
            raise ValueError(
                f"patch={patch} must divide the input's {height} x {width} pixels, as "
                f"{', '.join(fitting)} would"
            )
        self.patch = patch
        # Equal pixels are equal tokens, all the way through.
        self.alike = patch == 1 and positions != "learned"
        embedded = patch > 1 or in_channels != out
        self.embed = Conv(in_channels, out, patch, patch, 0) if embedded else nn.Identity()
        self.content = nn.Linear(out, out) if positions == "content" else None
        tokens = height * width // patch**2
        learned = positions == "learned"
        self.positions = LearnedPositions(tokens, out) if learned else nn.Identity()
        self.layers = nn.ModuleList(
            TransformerLayer(out, heads, norm, activation, expansion) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(out) if norm else nn.Identity()

    def forward(self, x):
        """Take the shortest of four ways to the same numbers.

        Where tokens know no positions, pixels of one value stay equal all the way through, and an
        image has few values. That holds for the gradients of the weights too; for those of
        pixels, which attribution asks for, see `_among_alike`.
        """
        plain = _is_recorded() or not x.numel() or x.is_meta
        if self.alike and not plain and x.shape[1] == 1:
            # bfloat16 would round the logarithms of counts.
            with torch.autocast(x.device.type, enabled=False):
                levels = None if x.requires_grad else levels_of(x)
                # The statistics of a single number are for torch to refuse.
                if levels is not None and (x.numel() > 1 or not self.training):
                    return self._by_level(levels, static=x.device.type != "cpu")
                alike = Alike.by_value(x.flatten(1)) if x.device.type == "cpu" else None
                if alike and 2 * alike.counts.shape[1] <= alike.which.shape[1]:
                    return self._among_alike(x.to(self._dtype()), alike)
        tokens = self._tokens(x)
        if self.alike or plain or x.device.type != "cpu":
            for layer in self.layers:
                tokens = layer(tokens)
            return self._map(tokens, x)
        # A processor's attention is several times slower in bfloat16.
        with torch.autocast("cpu", enabled=False):
            tokens = tokens.to(self._dtype())
            for layer in self.layers:
                tokens = layer.among(tokens, tokens, None)
            return self._map(tokens, x)

    def _tokens(self, x):
        """[N, in_channels, H, W] -> [N, T, out], a token per pixel or patch."""
        return self._placed(self.embed(x).flatten(2).transpose(1, 2))

    def _placed(self, tokens):
        """Add to tokens [..., out] what `positions` says."""
        tokens = self.positions(tokens)
        return tokens if self.content is None else tokens + self.content(tokens)

    def _map(self, tokens, x):
        """Return the last layer's tokens [N, T, out] of x [N, in_channels, H, W] as a map."""
        size = [side // self.patch for side in x.shape[2:]]
        return self.norm(tokens).transpose(1, 2).unflatten(2, size)

    def _dtype(self):
        return next(self.parameters()).dtype

    def _by_level(self, levels, static):
        """Compute with one token per grey level of an image; `levels` is uint8 [N, 1, H, W].

        How many an image has could only be had by waiting for the device. `static`: take all 256.
        """
        alike = Alike.by_level(levels.flatten(1))
        tokens = self._level_tokens(alike.counts.sum(dim=0))
        if not static:
            kept, alike = alike.compact()
            # An index in brackets would add gradients in an order that threads decide.
            tokens = tokens.index_select(0, kept.flatten()).unflatten(0, kept.shape)
        else:
            tokens = tokens.expand(len(levels), -1, -1)
        log_counts = alike.counts.log()
        for layer in self.layers:
            tokens = layer.among(tokens, tokens, log_counts)
        return alike.spread(self.norm(tokens)).unflatten(2, levels.shape[2:])

    def _level_tokens(self, counts):
        """Return the tokens of all levels, [256, out]; `counts` [256]: how often each occurs."""
        tokens = torch.arange(LEVELS, device=counts.device).unsqueeze(1) / (LEVELS - 1)
        tokens = tokens.to(self._dtype())
        if not isinstance(self.embed, nn.Identity):
            tokens = F.linear(tokens, self.embed.convolution.weight.flatten(1))
            tokens = batch_norm_of_counted(tokens, counts, self.embed.norm)
            tokens = self.embed.activation(tokens)
        return self._placed(tokens)

    def _among_alike(self, x, alike):
        """Compute with one token per pixel, which attends to one key per distinct value.

        A key is the mean over the pixels of its value. Their tokens are equal, so it equals each
        of them, and it hands its gradient back in equal parts: what each would get as a key of
        its own, because only as queries do they differ. So gradients of pixels are exact too.
        """
        tokens = self._tokens(x)
        log_counts = alike.counts.log()
        for layer in self.layers:
            tokens = layer.among(tokens, alike.mean(tokens), log_counts)
        return self._map(tokens, x)
