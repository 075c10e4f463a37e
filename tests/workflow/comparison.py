"""In what two finished studies differ, but for what measures time and memory."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from tiny_study import Study

from blocklab.report.aggregation import JOB_RESOURCES

TIMES = {"seconds", "seconds_per_epoch", "seconds_per_image", *JOB_RESOURCES}
TIMES -= {"device", "threads"}
# What a record says of the process that finished, and which seeds it had, and the tracker's names.
OF_A_PROCESS = {"started", "finished", "resumed_after_epoch", "resumed", "command", "id", "seeds"}
# What holds or draws times and costs alone, and the page, which shows what the summary says.
TIMED = {"samples.csv", "resource_use.png", "timeline.png", "accuracy_against_cost.png"}
TIMED |= {"report.html"}
COSTS = re.compile(r"^## What it cost$.*?(?=^## )|An epoch of [^\n]*$", re.MULTILINE | re.DOTALL)


def files(study: Study, below: str) -> Iterator[Path]:
    for path in sorted((study.results / below).rglob("*")):
        if path.is_file() and not {"logs", "tracking"} & set(path.parts):
            yield path.relative_to(study.results)


def differences(first: Study, second: Study, below: str = "") -> list[str]:
    """Return the results in which two finished studies differ, of those in a folder `below`."""
    names, others = set(files(first, below)), set(files(second, below))
    found = [f"{name}: in one only" for name in sorted(names ^ others)]
    for name in sorted(names & others):
        if not same(first.results / name, second.results / name):
            found.append(f"{name}: differs")
    return found


def same(first: Path, second: Path) -> bool:
    if first.name in TIMED:
        return True
    if first.suffix == ".csv":
        tables = [pd.read_csv(path, dtype=str) for path in (first, second)]
        return (
            tables[0]
            .drop(columns=TIMES, errors="ignore")
            .equals(tables[1].drop(columns=TIMES, errors="ignore"))
        )
    if first.suffix == ".npz":
        with np.load(first) as one, np.load(second) as two:
            return set(one) == set(two) and all(
                np.array_equal(one[name], two[name], equal_nan=one[name].dtype.kind == "f")
                for name in one
            )
    if first.suffix == ".json":
        one, two = (json.loads(path.read_text(encoding="utf-8")) for path in (first, second))
        return without(TIMES | OF_A_PROCESS, one) == without(TIMES | OF_A_PROCESS, two)
    if first.name == "summary.md":
        one, two = (COSTS.sub("", path.read_text(encoding="utf-8")) for path in (first, second))
        return one == two
    return first.read_bytes() == second.read_bytes()


def without(keys: set[str], value: object) -> object:
    """Return JSON's `value` without some keys, wherever they are."""
    if isinstance(value, dict):
        return {key: without(keys, item) for key, item in value.items() if key not in keys}
    return [without(keys, item) for item in value] if isinstance(value, list) else value
