"""Whether the runs that a job reads are those that were planned."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from blocklab.errors import UserError
from blocklab.files import canonical_json, digest
from blocklab.study.runs import recorded

RUN = re.compile(r"seed\d+")


def check_consumed(files: Iterable[str], planned: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise UserError if a run that one of `files` is of was trained otherwise than is planned.

    On a cluster, trainings go on after their snakemake was killed, and Snakemake has no record of
    what they then leave: for all it knows, those are results of whatever the config says now.

    files: what the job reads, of runs and of other things. planned: by network, what its runs'
    provenance.json must say: "settings" and "dataset". A run without that file is not judged.
    """
    runs = dict.fromkeys(Path(file).parent for file in files)
    digests = {network: _digests(origin) for network, origin in planned.items()}
    for run in runs:
        network = run.parent.name
        if not RUN.fullmatch(run.name) or network not in planned:
            continue
        record = recorded(run / "provenance.json")
        if record and _digests(record) != digests[network]:
            first = next(_differences(planned[network], record), "other settings")
            raise UserError(
                f"{run} was trained otherwise than is planned ({first}), perhaps by a job that was "
                f"left alone when its snakemake ended; to train it anew: rm -r {run}"
            )


def _digests(origin: Mapping[str, Any]) -> tuple[str, str]:
    return digest(origin.get("settings")), digest(origin.get("dataset"))


def _differences(
    planned: Mapping[str, Any], record: Mapping[str, Any], above: str = ""
) -> Iterator[str]:
    """Yield the keys in which a record differs, with both values where they are short."""
    for key, value in planned.items():
        found, name = record.get(key), f"{above}{key}"
        if isinstance(value, Mapping) and isinstance(found, Mapping):
            yield from _differences(value, found, "" if name == "settings" else f"{name}.")
        elif canonical_json(value) != canonical_json(found):
            both = f"{name}: {canonical_json(found)}, not {canonical_json(value)}"
            yield both if len(both) < 80 else f"other {name}"
