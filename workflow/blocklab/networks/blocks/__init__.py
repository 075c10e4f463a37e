"""The building blocks that a network in YAML may name: one family per file, its paper on top.

A block is a `torch.nn.Module` under the decorator `@block("name")`. Its first constructor
parameter says what it must know of its input: `in_channels` for maps [N, C, H, W],
`in_features` for vectors [N, F]; a block that needs neither has neither. All other parameters
are what the YAML may set, checked against their annotations and described in the class's docstring
under `Args:`. To add a block, add a file here.
"""
