"""Which runs there are, which are still to be trained, and in which jobs that is done.

A run is one network trained from one seed, in a folder of its own. Its result is the same whatever
is trained beside it, so which seeds share a job is a matter of speed alone.
"""

import json
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any


def seeds_of(seeds: Mapping[str, int]) -> list[int]:
    """Return the seeds that the config's `seeds` section asks for."""
    return list(range(seeds["first"], seeds["first"] + seeds["count"]))


def is_trained(folder: str | Path, planned: Mapping[str, Any]) -> bool:
    """Tell whether the provenance.json of a run says all that is `planned` of it, by key.

    It only decides which seeds share a job: whether one is run, Snakemake finds out by itself.
    """
    record = recorded(Path(folder) / "provenance.json")
    return bool(record) and all(record.get(key) == value for key, value in planned.items())


def recorded(path: str | Path) -> dict[str, Any]:
    """Return what a JSON file says; nothing if it is not there, or not one of ours."""
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def pack(missing: Mapping[str, Sequence[int]], per_job: int) -> list[tuple[list[int], list[str]]]:
    """Return the jobs that train two seeds or more: the seeds, and the networks that they are for.

    `missing` are the seeds that each network is to be trained from.
    """
    packs: dict[tuple[int, ...], list[str]] = {}
    for network, seeds in missing.items():
        for start in range(0, len(seeds), per_job):
            packs.setdefault(tuple(seeds[start : start + per_job]), []).append(network)
    return [(list(seeds), networks) for seeds, networks in packs.items() if len(seeds) > 1]


def span(seeds: Sequence[int]) -> str:
    """Return ascending seeds as text: '0-3, 6'."""
    starts = [seed for seed in seeds if seed - 1 not in seeds]
    ends = [seed for seed in seeds if seed + 1 not in seeds]
    both = zip(starts, ends, strict=True)
    return ", ".join(f"{start}-{end}" if start < end else f"{start}" for start, end in both)


def rule_name(seeds: Sequence[int]) -> str:
    """Return a name for the rule that trains these seeds in one job: 'train_seeds_0to3_6'."""
    return f"train_seeds_{span(seeds).replace('-', 'to').replace(', ', '_')}"


def leftovers(folder: str | Path, networks: Collection[str]) -> str | None:
    """Return one line on the runs in `folder` that no study of these `networks` has; None if none.

    Of the networks that it has, these are the folders in which runs of several seeds once lay.
    """
    runs = sorted(path for path in Path(folder).glob("*/seed*") if path.is_dir())
    left = [run if run.parent.name in networks else run.parent for run in runs]
    left = [str(path) for path in left if not re.fullmatch(r"seed\d+", path.name)]
    if not left:
        return None
    command = shlex.join(["rm", "-r", *dict.fromkeys(left)])
    return f"runs that are no part of this study any more; to remove them: {command}"
