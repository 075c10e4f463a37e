"""How a block gets its name in YAML, and the argument types that blocks share."""

import importlib
import pkgutil
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
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
DECLARATION = re.compile(
    r"^[ \t]*@(?:\w+\.)*block\(\s*(?:name\s*=\s*)?[\"'](\w+)[\"']", re.MULTILINE
)


def block(name: str) -> Callable[[type], type]:
    """Register a module under the name that YAML calls it by."""

    def register(cls: type) -> type:
        first = REGISTRY.setdefault(name, cls)
        both = [f"{known.__module__}.{known.__qualname__}" for known in (first, cls)]
        if both[0] != both[1]:  # the same twice: a notebook's cell, run again
            raise ValueError(f"two blocks are named '{name}': {both[0]}, {both[1]}")
        REGISTRY[name] = cls
        return cls

    return register


def declared_blocks(folder: Path) -> dict[str, list[str]]:
    """Return, by block name, the files (without .py) in `folder` that have the decorator for it.

    Read from their text, so that a file may be broken without harm to whom it does not concern.
    """
    found: dict[str, list[str]] = {}
    for path in sorted(folder.glob("[a-z]*.py")):
        text = path.read_text(encoding="utf-8", errors="replace")
        for name in dict.fromkeys(DECLARATION.findall(text)):  # a docstring may show one, too
            found.setdefault(name, []).append(path.stem)
    return found


def known_blocks() -> dict[str, list[str]]:
    """Return the files of every block by name, in order; none for one that a program registered."""
    found: dict[str, list[str]] = {name: [] for name in REGISTRY}
    for folder in blocks.__path__:
        for name, files in declared_blocks(Path(folder)).items():
            found[name] = found.get(name, []) + files
    return dict(sorted(found.items()))


def is_a_file(name: str) -> bool:
    """Tell whether a file of blocks is called `name`, whatever blocks it has."""
    return any((Path(folder) / f"{name}.py").is_file() for folder in blocks.__path__)


def load_block(name: str, files: Mapping[str, list[str]]) -> type:
    """Import the file of a block, one of `files` as `known_blocks` returns them.

    Raises whatever the file raises.
    """
    for file in files[name]:
        importlib.import_module(f"{blocks.__name__}.{file}")
    return REGISTRY[name]


def all_blocks() -> dict[str, type]:
    """Return every block by its YAML name."""
    for module in pkgutil.iter_modules(blocks.__path__):
        importlib.import_module(f"{blocks.__name__}.{module.name}")
    return dict(sorted(REGISTRY.items()))
