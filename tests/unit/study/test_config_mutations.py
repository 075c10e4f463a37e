"""Whatever a config says, the answer is a plan that can run or one line, and never a traceback."""

import copy
import json
import time
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blocklab.errors import UserError
from blocklab.networks.blocks.registry import all_blocks
from blocklab.study.config import resolve_config
from blocklab.study.plan import plan

ROOT = Path(__file__).parents[3]
VALID = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
# Two networks are enough to be wrong about, and a plan is then quick.
VALID["networks"] = {name: VALID["networks"][name] for name in ("exp3", "csp")}
SECONDS_AT_MOST = 3  # of processor time, which other work on the machine does not lengthen
CONFIGS = 300

# All that YAML can make of a value, the odd and the huge first.
ODD = [
    *(None, True, False, 0, -1, 1, 2, 10**6, 10**18, 2**63, 0.0, 0.5, -0.0, 1e308, 1e-320),
    *(float("inf"), float("nan"), "", " ", "classes", "auto", "../../etc", "a\nb", "{x}", "é"),
    *("1e-3", "conv", "null", date(2026, 1, 1)),
]
scalars = st.one_of(
    st.sampled_from(ODD),
    st.integers(-(10**4), 10**4),
    st.floats(allow_nan=False),
    st.text(max_size=8),
)
keys = st.one_of(
    st.text(min_size=1, max_size=8),
    st.sampled_from(["out", "kernel", "epochs", "layers", 1, None]),
)
blocks = st.sampled_from([*all_blocks(), "conf", "Conv"])
arguments = st.sampled_from(
    ["out", "kernel", "stride", "padding", "groups", "size", "rate", "depth", "heads", "repeat"]
)
layers = st.one_of(
    blocks,
    st.dictionaries(blocks, scalars, min_size=1, max_size=2),
    st.dictionaries(blocks, st.dictionaries(arguments, scalars, max_size=3), min_size=1),
)
values = st.one_of(
    scalars,
    layers,
    st.lists(st.one_of(scalars, layers), max_size=3),
    st.dictionaries(keys, scalars, max_size=3),
)


def places(value, path=()):
    """Yield the path to every value inside a config."""
    if path:
        yield path
    if isinstance(value, dict):
        inner = value.items()
    else:
        inner = enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield from places(child, (*path, key))


@st.composite
def mutated(draw):
    """Return the valid config after one to three changes."""
    config = copy.deepcopy(VALID)
    for _ in range(draw(st.integers(1, 3))):
        everywhere = sorted(places(config), key=repr)
        if not everywhere:
            return config
        path = draw(st.sampled_from(everywhere))
        parent = config
        for key in path[:-1]:
            parent = parent[key]
        last = path[-1]
        change = draw(st.sampled_from(["replace", "replace", "remove", "add", "rename", "repeat"]))
        if change == "replace":
            parent[last] = draw(values)
        elif change == "remove":
            del parent[last]
        elif change == "add" and isinstance(parent, list):
            parent.insert(last, draw(layers))
        elif change == "add":
            parent[draw(keys)] = draw(values)
        elif change == "rename" and isinstance(parent, dict):
            parent[draw(keys)] = parent.pop(last)
        elif change == "repeat" and isinstance(parent, list):
            parent.insert(last, copy.deepcopy(parent[last]))
    return config


@pytest.mark.slow
@settings(
    max_examples=CONFIGS,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(config=mutated())
def test_every_config_is_a_plan_or_one_line(config, tmp_path):
    before = copy.deepcopy(config)
    started = time.process_time()
    try:
        resolved = resolve_config(config, reserved=["train"])
        answer = plan(resolved, cache=tmp_path)
    except UserError as error:
        message = str(error)
        assert message.strip()
        assert message.isprintable(), repr(message)
        assert len(message) < 1000
    else:
        assert set(answer) == set(resolved["networks"])
        assert all(facts["parameters"] >= 0 for facts in answer.values())
        json.dumps(resolved, allow_nan=False)
    assert time.process_time() - started < SECONDS_AT_MOST
    assert repr(config) == repr(before)
