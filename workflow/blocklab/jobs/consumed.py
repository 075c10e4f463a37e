"""Whether the runs that a job reads are those that were planned."""

import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from blocklab.errors import UserError
from blocklab.files import canonical_json
from blocklab.study.runs import recorded

RUN = re.compile(r"seed\d+")
# What a job leaves with the settings it computed by, and which section of the config those are.
SETTINGS_IN = {"predictions.npz": "evaluation", "attributions.npz": "explanation"}
LEFT_ALONE = "perhaps by a job that was left alone when its snakemake ended"


def check_consumed(files: Iterable[str], planned: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise UserError if what a job reads of a run was computed otherwise than is planned.

    On a cluster, jobs go on after their snakemake was killed, and Snakemake has no record of
    what they then leave: for all it knows, those are results of whatever the config says now.

    files: what the job reads, of runs and of other things. planned: by network, what its runs'
    provenance.json must say, "settings" and "dataset", and the sections of SETTINGS_IN. What says
    nothing of its settings is not judged.
    """
    of_runs = [Path(file) for file in files if RUN.fullmatch(Path(file).parent.name)]
    of_runs = [file for file in of_runs if file.parent.parent.name in planned]
    for run in dict.fromkeys(file.parent for file in of_runs):
        record = recorded(run / "provenance.json")
        origin = {key: planned[run.parent.name][key] for key in ("settings", "dataset")}
        if record and (found := next(_differences(origin, record), None)):
            raise UserError(
                f"{run} was trained otherwise than is planned ({found}), {LEFT_ALONE}; to train it "
                f"anew: rm -r {run}"
            )
    for file in of_runs:
        section = SETTINGS_IN.get(file.name)
        record = section and _settings_in(file)
        if not record:
            continue
        origin = {section: planned[file.parent.parent.name][section]}
        if found := next(_differences(origin, {section: record}), None):
            raise UserError(
                f"{file} was computed otherwise than is planned ({found}), {LEFT_ALONE}; to "
                f"compute it anew: rm {file}"
            )


def _settings_in(file: Path) -> dict[str, Any] | None:
    """Return the settings in an .npz file; None without a file, or of one that has none."""
    import numpy as np

    try:
        with np.load(file) as arrays:
            return json.loads(str(arrays["settings"]))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None  # for its reader to say


def _differences(
    planned: Mapping[str, Any], record: Mapping[str, Any], above: str = ""
) -> Iterator[str]:
    """Yield the keys in which a record differs, with both values where they are short."""
    for key, value in planned.items():
        found, name = record.get(key), f"{above}{key}"
        if isinstance(value, Mapping) and isinstance(found, Mapping):
            found = {more: None for more in sorted(value.keys() - found.keys())} | dict(found)
            value = {more: None for more in sorted(found.keys() - value.keys())} | dict(value)
            yield from _differences(value, found, "" if name == "settings" else f"{name}.")
        elif canonical_json(value) != canonical_json(found):
            both = f"{name}: {canonical_json(found)}, not {canonical_json(value)}"
            yield both if len(both) < 80 else f"other {name}"
