"""What the rows of a study were made by: the provenance of all its runs in one."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from blocklab.files import canonical_json, digest, tensors_header

# What all rows should have in common. Blocks are a network's own: its seeds have the same in any
# case, because code is part of what Snakemake compares.
CONDITIONS = {
    "code": ("shared_code_sha256",),
    "data": ("data_sha256",),
    "package versions": ("versions",),
    "arithmetic": ("device", "device_name", "threads", "precision", "kernels"),
}


def arrays_digest(weights: Iterable[Path]) -> str:
    """Return 16 hexadecimal digits of the arrays in these files of weights, in their order.

    Each file's header has the SHA-256 of names, types, shapes and values of its arrays, and of the
    seed; the bytes of the file, which another version may lay out otherwise, do not count.
    """
    return digest([tensors_header(path)["sha256"] for path in weights])[:16]


def summarise_provenance(paths: Iterable[Path]) -> dict[str, Any]:
    """Return what the runs with these provenance.json were made by.

    commit, dirty, device, cores, threads, arithmetic, platform, versions: lists of every value
    that occurs. digest: 16 hexadecimal digits that change with settings, data or code of any run.
    differing_conditions: which of CONDITIONS the runs do not have in common.
    resumed: the networks of which a run went on after a kill.
    """
    records = [json.loads(Path(path).read_text(encoding="utf-8")) for path in paths]
    for record in records:
        record["device_name"] = record["machine"]["gpu"] or record["machine"]["processor"]
    rows = [
        {key: record[key] for key in ("settings_sha256", "data_sha256", "code", "seed")}
        for record in records
    ]
    shared = {
        "commit": [(record["commit"] or "unknown")[:12] for record in records],
        "dirty": [record["dirty"] for record in records],
        "device": [record["device_name"] for record in records],
        "cores": [record["machine"]["cores"] for record in records],
        "threads": [record["threads"] for record in records],
        "arithmetic": [
            record["precision"] + (" with compiled kernels" if record["kernels"] else "")
            for record in records
        ],
        "platform": [record["platform"] for record in records],
        "versions": [
            ", ".join(f"{name} {version}" for name, version in record["versions"].items())
            for record in records
        ],
    }
    resumed = [
        record["settings"]["network"]["name"] for record in records if record["resumed_after_epoch"]
    ]
    return {key: list(dict.fromkeys(values)) for key, values in shared.items()} | {
        "digest": digest(rows)[:16],
        "resumed": list(dict.fromkeys(resumed)),
        "differing_conditions": [
            what
            for what, keys in CONDITIONS.items()
            if len({canonical_json([record[key] for key in keys]) for record in records}) > 1
        ],
    }
