"""The building blocks that a network in YAML may name: one family per file, its paper on top.

A block is a `torch.nn.Module` under the decorator `@block("name")`. Its first constructor
parameter says what it must know of its input: `in_channels` for maps [N, C, H, W],
`in_features` for vectors [N, F]; a block that needs neither has neither. All other parameters
are what the YAML may set, checked against their annotations. To add a block, add a file here.
"""

import importlib
import pkgutil

from blocklab.blocks.registry import REGISTRY


def _import_all() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def all_blocks() -> dict[str, type]:
    """Return every registered block by its YAML name."""
    _import_all()
    return {name: entry.cls for name, entry in sorted(REGISTRY.items())}


def paper_blocks() -> dict[str, type]:
    """Return the blocks that come from a paper; each has a card in `workflow/cards`."""
    _import_all()
    return {name: entry.cls for name, entry in sorted(REGISTRY.items()) if entry.paper}
