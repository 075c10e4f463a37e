"""What `--config` gave: Snakemake hands it over as text, the schema knows what was meant."""

import copy
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml

from blocklab.study.config import schema


def with_given(config: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return `config` with the values of `--config` as the schema wants them.

    config: what Snakemake made of all config files and `given`. given: what it made of `--config`
    alone. What it could not convert stays as it is, for the check of the config to name; values
    that only files gave are not touched, since a quoted number there is a mistake.
    """
    return _over(copy.deepcopy(dict(config)), _wanted(dict(given), schema()))


def _over(config: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Lay mappings over mappings, as Snakemake does."""
    for key, value in changes.items():
        below = config.get(key)
        both = isinstance(value, dict) and isinstance(below, dict)
        config[key] = _over(below, value) if both else value
    return config


def _wanted(value: Any, part: Mapping[str, Any] | None) -> Any:
    """Return `value` in a type that this part of the schema takes; None knows nothing of types."""
    kinds = _kinds(part)
    if isinstance(value, str):
        if kinds == ["string"] or value in (part or {}).get("enum", ()):
            return value
        value = _read(value, kinds)
    elif type(value) in (int, float, bool) and "string" in kinds:
        return str(value)  # `--config project=2024`
    if isinstance(value, dict):
        known = (part or {}).get("properties", {})
        other = (part or {}).get("additionalProperties")
        others = other if isinstance(other, dict) else None
        return {key: _wanted(item, known.get(key, others)) for key, item in value.items()}
    if isinstance(value, list):
        return [_wanted(item, (part or {}).get("items")) for item in value]
    return value


def _kinds(part: Mapping[str, Any] | None) -> list[str]:
    kinds = (part or {}).get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _read(text: str, kinds: list[str]) -> Any:
    """Return what YAML makes of a text, where that is of another kind than text."""
    if "number" in kinds:  # YAML 1.1 takes 1e-3 for text
        try:
            return float(Decimal(text))
        except (InvalidOperation, ValueError):  # 1,5; snan
            pass
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    # Where text is right too, `007` is a name and `null` is nothing.
    if "string" in kinds and not (value is None and "null" in kinds):
        return text if not isinstance(value, dict) or "object" not in kinds else value
    return value
