"""How a block gets its name in YAML, and the argument types that blocks share."""

import importlib
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from blocklab.networks import blocks


@dataclass(frozen=True)
class Bounds:
    """The inclusive range of a number; `maximum` may be left open."""

    minimum: float
    maximum: float | None = None

    def __contains__(self, value: float) -> bool:
        most = sys.float_info.max if self.maximum is None else self.maximum
        return self.minimum <= value <= most


Count = Annotated[int, Bounds(1)]
Size = Annotated[int, Bounds(0)]
Fraction = Annotated[float, Bounds(0, 1)]
Factor = Annotated[float, Bounds(0)]
ActivationName = Literal["silu", "relu", "gelu", "none"]

REGISTRY: dict[str, type] = {}


def block(name: str) -> Callable[[type], type]:
    """Register a module under the name that YAML calls it by."""

    def register(cls: type) -> type:
        first = REGISTRY.setdefault(name, cls).__module__
        if first != cls.__module__:
            raise ValueError(f"two blocks are named '{name}': {first}, {cls.__module__}")
        REGISTRY[name] = cls
        return cls

    return register


def all_blocks() -> dict[str, type]:
    """Return every registered block by its YAML name."""
    for module in pkgutil.iter_modules(blocks.__path__):
        importlib.import_module(f"{blocks.__name__}.{module.name}")
    return dict(sorted(REGISTRY.items()))
