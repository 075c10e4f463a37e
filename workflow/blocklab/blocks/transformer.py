"""Self-attention over the pixels of a map.

Vaswani et al. 2017, Attention Is All You Need, arXiv 1706.03762; on images, Dosovitskiy et al.
2020, arXiv 2010.11929. As the homework built it, unlike both papers: no LayerNorm, no
non-linearity between the two feed-forward maps, and a "position embedding" that is a linear map
of the tokens, so that the block knows no positions at all.
"""

from torch import nn
from torch.nn import functional as F

from blocklab.blocks.conv import Conv
from blocklab.blocks.registry import Count, block


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

    @staticmethod
    def _projection(channels: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Linear(channels, channels, bias=False), nn.Linear(channels, channels)
        )

    def forward(self, x):
        # [N, T, C] -> [N, heads, T, C/heads]. The fused kernel never stores the T x T weights.
        query, key, value = (
            projection(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for projection in (self.query, self.key, self.value)
        )
        y = F.scaled_dot_product_attention(query, key, value)
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

    def forward(self, x):
        x = x + self.attention(x)
        return x + self.feed_forward(x)


@block("transformer_block", paper=True)
class TransformerBlock(nn.Module):
    """[N, in_channels, H, W] -> [N, out, H, W], every pixel one token of `out` channels."""

    def __init__(self, in_channels: int, out: Count, heads: Count = 1, depth: Count = 1) -> None:
        super().__init__()
        if out % heads:
            raise ValueError(f"heads={heads} must divide out={out}")
        self.embed = nn.Identity() if in_channels == out else Conv(in_channels, out)
        self.content = nn.Linear(out, out)
        self.layers = nn.Sequential(*(TransformerLayer(out, heads) for _ in range(depth)))

    def forward(self, x):
        x = self.embed(x)
        tokens = x.flatten(2).transpose(1, 2)
        tokens = self.layers(tokens + self.content(tokens))
        return tokens.transpose(1, 2).unflatten(2, x.shape[2:])
