"""The schema: what it offers is what the code has, and all of it is described."""

import pkgutil

import pytest
import yaml

from blocklab.data.datasets import DATASETS, OWN
from blocklab.errors import UserError, plain
from blocklab.study.config import SCHEMA, schema
from blocklab.study.other_names import INSTEAD, KEYS, NETWORK_KEYS, VALUES


def keys_of(part: dict, path: str = "") -> dict[str, dict]:
    """Return every key that the schema knows, by its full name, with its part of the schema."""
    found = {}
    children = part.get("properties", {}).items()
    other = part.get("additionalProperties")
    for name, child in [*children, *([("*", other)] if isinstance(other, dict) else [])]:
        found |= {f"{path}{name}": child} | keys_of(child, f"{path}{name}.")
    return found


def test_other_names_stand_for_what_there_is():
    keys = keys_of(schema())
    assert set(KEYS.values()) <= set(keys)
    assert {f"networks.*.{key}" for key in NETWORK_KEYS.values()} <= set(keys)
    for key, values in VALUES.items():
        assert set(values.values()) <= set(keys[key]["enum"])
    for table in (KEYS, NETWORK_KEYS, INSTEAD, *VALUES.values()):
        assert all(plain(name) == name for name in table)
    assert not (set(KEYS) & set(INSTEAD)) and not (set(KEYS) & set(NETWORK_KEYS))


def test_the_schema_offers_what_the_code_has():
    from blocklab.data.sources import fetch
    from blocklab.explanation.explanation import TARGETS
    from blocklab.jobs import trackers
    from blocklab.losses import LOSSES
    from blocklab.training.optimizers import OPTIMIZERS
    from blocklab.training.schedules import SCHEDULES

    with pytest.raises(UserError, match="known sources: ") as error:
        fetch("mnist", "nowhere", None)
    sources = str(error.value).rpartition(": ")[2].split(", ")
    keys = keys_of(schema())
    for key, known in {
        "dataset.name": [*DATASETS, *OWN],
        "dataset.source": sources,
        "training.loss": LOSSES,
        "training.optimizer": OPTIMIZERS,
        "training.schedule": SCHEDULES,
        "explanation.target": TARGETS,
        "tracking.tracker": [found.name for found in pkgutil.iter_modules(trackers.__path__)],
    }.items():
        assert set(keys[key]["enum"]) == set(known), key


def test_every_key_is_described_and_has_a_default_or_is_required():
    written = keys_of(yaml.safe_load(SCHEMA.read_text(encoding="utf-8")))
    written["dataset"] = schema()["properties"]["dataset"]
    # A network's own recipe is the shared one without defaults.
    own = "networks.*.training"
    keys = {key: part for key, part in keys_of(schema()).items() if not key.startswith(f"{own}.")}
    filled_in = {key for key, part in keys.items() if part != written[key]}
    assert filled_in == {"dataset.name", "networks", "networks.*", own}
    assert len(keys) > 30
    for name, part in keys.items():
        if name in ("networks.*", "votes.*"):
            continue
        assert part.get("description"), name
        required = {"baseline", "networks", "networks.*.batch_size", "networks.*.layers"}
        assert ("default" in part) != (name in required | {own}), name


def test_the_schema_refuses_unknown_keys_everywhere():
    parts = {"": schema(), **keys_of(schema())}
    sections = {name: part for name, part in parts.items() if "properties" in part}
    assert len(sections) == 11
    assert all(part["additionalProperties"] is False for part in sections.values())
