"""Small image classifiers made of named blocks: composed, trained, compared and explained.

    from blocklab import load_network

This file is a part of every job's code stamp, and importing it imports nothing else of the library:
what it offers is loaded by name, when it is asked for.
"""

import importlib
from importlib import metadata

OFFERED = {"TrainedNetwork": "blocklab.trained", "load_network": "blocklab.trained"}


def __getattr__(name: str) -> object:
    if name in OFFERED:
        return getattr(importlib.import_module(OFFERED[name]), name)
    if name == "__version__":
        try:
            return metadata.version("blocklab")
        except metadata.PackageNotFoundError:
            return "not installed"
    raise AttributeError(f"module 'blocklab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *OFFERED, "__version__"])
