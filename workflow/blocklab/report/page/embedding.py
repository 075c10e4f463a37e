"""Data that can be put into an HTML file: names stay text whatever they hold, arrays stay exact."""

import base64
import gzip
import json
import math
from typing import Any

import numpy as np
import pandas as pd


def as_json(data: Any) -> str:
    """Return JSON that no HTML parser reads a tag or an entity in; what is not finite is null."""
    text = json.dumps(_plain(data), allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def columns(table: pd.DataFrame) -> dict[str, list[Any]]:
    """Return a table as lists by column, which is shorter than rows."""
    return {name: table[name].tolist() for name in table}


def packed(values: np.ndarray) -> str:
    """Return float32 or uint8 values, flattened, as base64 of gzip; the same bytes every time.

    A float's four bytes lie in four planes, first bytes of all values first: exponents are much
    alike, and gzip then finds it.
    """
    if values.dtype != np.uint8:
        little = np.ascontiguousarray(values, "<f4").reshape(-1)
        values = little.view(np.uint8).reshape(-1, 4).T
    content = np.ascontiguousarray(values).tobytes()
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    if isinstance(data, np.ndarray | np.generic):
        return _plain(data.tolist())
    if isinstance(data, float) and not math.isfinite(data):
        return None
    return data
