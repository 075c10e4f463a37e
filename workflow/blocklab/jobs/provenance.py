"""What ran, on what, from what: the record beside every result.

It holds no environment variables and no name of a user, a host or a folder. What the settings
and the command contain is the caller's.
"""

import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

import psutil

from blocklab.files import PROJECT, WORKFLOW, digest
from blocklab.processor import processor_model
from blocklab.study.code import files_of, stamp

PACKAGES = ("torch", "torchvision", "numpy", "safetensors", "captum", "snakemake")


# What makes jobs of a config, beside the code that a job's stamp is of. The config is not among it:
# the record holds its settings, and the study's results a copy of it.
RULES = ("Snakefile", "workflow/rules", "workflow/schemas")


def checkout(code: str) -> dict[str, Any]:
    """Return what code is there now; to call before a job works, since code may be edited then.

    code: the job's stamp. `dirty` is whether what it is of differs from the commit, or the rules
    do; other files may.
    """
    commit = _git("rev-parse", "HEAD")
    ran = [str(path.relative_to(PROJECT)) for path in files_of(WORKFLOW, code)] if commit else []
    status = ("--no-optional-locks", "status", "--porcelain", "--", *RULES, *ran)
    return {
        "commit": commit,
        "dirty": bool(_git(*status)) if commit else None,
        "shared_code_sha256": digest(stamp(WORKFLOW, "train.py")),
    }


def collect(
    origin: dict[str, Any],
    settings: dict[str, Any],
    dataset: dict[str, Any],
    class_names: Sequence[str],
    seed: int,
    device_description: dict[str, Any],
    started: float,
    command: str | None,
    data_sha256: str | None,
    resumed: int,
) -> dict[str, Any]:
    """Return the content of provenance.json; the moment of the call is `finished`.

    Args:
        origin: what `checkout` returned, and the job's stamp.
        settings: the resolved settings of the job, the same for every seed.
        dataset: what of the config the prepared dataset depends on.
        class_names: of the dataset, in the order of the network's outputs.
        seed: the run's.
        device_description: device ("cpu", "cuda", "mps"), device_name, threads, precision, and
            kernels: what tells the compiled kernels in use from others, or None.
        started: when the job started, in seconds since the epoch.
        command: the command that was given, if known.
        data_sha256: the SHA-256 of the prepared dataset.
        resumed: how many epochs were done by processes that were killed.
    """
    on_gpu = device_description["device"] == "cuda"
    return {
        **origin,
        "settings": settings,
        "settings_sha256": digest(settings),
        "seed": seed,
        "dataset": dataset,
        "class_names": list(class_names),
        "data_sha256": data_sha256,
        "versions": {"python": platform.python_version(), **_versions()},
        "platform": " ".join([platform.system(), platform.machine(), *platform.libc_ver()]).strip(),
        "machine": {
            "processor": processor_model(),
            "cores": psutil.cpu_count(),
            "memory_bytes": psutil.virtual_memory().total,
            "gpu": device_description["device_name"] if on_gpu else None,
        },
        "device": device_description["device"],
        "threads": device_description["threads"],
        "precision": device_description["precision"],
        "kernels": device_description["kernels"],
        "resumed_after_epoch": resumed,
        "started": _iso(started),
        "finished": _iso(datetime.now(UTC).timestamp()),
        "command": command,
    }


def _git(*arguments: str) -> str | None:
    """Return what git says about the project's folder; None without git or a repository."""
    try:
        return _output("git", "-C", str(PROJECT), *arguments)
    except (OSError, subprocess.SubprocessError):
        return None


def _output(*command: str) -> str:
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    return run.stdout.strip()


def _versions() -> dict[str, str]:
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _iso(seconds: float) -> str:
    """Return a time since the epoch as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
