"""How a block gets its name in YAML, and the argument types that blocks share."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from blocklab.networks import blocks


@dataclass(frozen=True)
class Entry:
    cls: type
    paper: bool


@dataclass(frozen=True)
class Bounds:
    """The inclusive range of a number; `maximum` may be left open."""

    minimum: float
    maximum: float | None = None


Count = Annotated[int, Bounds(1)]
Size = Annotated[int, Bounds(0)]
Fraction = Annotated[float, Bounds(0, 1)]
Factor = Annotated[float, Bounds(0)]
ActivationName = Literal["silu", "relu", "gelu", "none"]

REGISTRY: dict[str, Entry] = {}


def block(name: str, *, paper: bool = False) -> Callable[[type], type]:
    """Register a module under the name that YAML calls it by; `paper` if it has a card."""

    def register(cls: type) -> type:
        known = REGISTRY.get(name)
        if known and known.cls.__module__ != cls.__module__:
            raise ValueError(
                f"two blocks are named '{name}': {known.cls.__module__}, {cls.__module__}"
            )
        REGISTRY[name] = Entry(cls, paper)
        return cls

    return register


def all_blocks() -> dict[str, type]:
    """Return every registered block by its YAML name."""
    _import_all()
    return {name: entry.cls for name, entry in sorted(REGISTRY.items())}


def paper_blocks() -> dict[str, type]:
    """Return the blocks that come from a paper; each has a card in `workflow/cards`."""
    _import_all()
    return {name: entry.cls for name, entry in sorted(REGISTRY.items()) if entry.paper}


def _import_all() -> None:
    for module in pkgutil.iter_modules(blocks.__path__):
        importlib.import_module(f"{blocks.__name__}.{module.name}")
