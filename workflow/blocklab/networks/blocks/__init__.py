"""The building blocks that a network in YAML may name: one family per file, its paper on top.

A block is a `torch.nn.Module` under the decorator `@block("name")`. Its first constructor
parameters say what it must know of its input: `in_channels` and `in_size`, which is (H, W), for
maps [N, C, H, W], `in_features` for vectors [N, F]; those that it need not know it does not have.
All other parameters
are what the YAML may set, checked against their annotations and described in the class's docstring
under `Args:`. To add a block, add a file here.
"""
