"""A built-in data set is one entry in data/datasets.py: all else follows from it."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from blocklab.data.datasets import DATASETS
from blocklab.study.config import resolve_config, schema
from blocklab.study.plan import input_shape

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture
def entry(monkeypatch):
    """An entry called glyphs, in a process that has read no schema yet."""
    schema.cache_clear()
    classes = tuple(f"glyph {number}" for number in range(12))
    glyphs = replace(DATASETS["kmnist"], channels=3, training_images=900, class_names=classes)
    monkeypatch.setitem(DATASETS, "glyphs", glyphs)
    yield glyphs
    schema.cache_clear()


def test_schema_plan_and_documentation_follow(entry, config):
    config["dataset"] |= {"name": "glyphs", "validation_size": 100}
    resolved = resolve_config(config)
    assert input_shape(resolved["dataset"]) == (3, 32, 32)
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    page = generate.configuration()
    assert "`cifar10`, `glyphs`, `folder`, `npz`" in page
    assert "| glyphs | 900 | 10,000 | 3 | 12 |" in page
