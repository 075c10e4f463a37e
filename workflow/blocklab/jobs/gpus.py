"""What NVML knows of this machine's GPUs, and which of them a job has for itself."""

import itertools
import logging
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from blocklab.jobs.locks import try_lock

log = logging.getLogger(__name__)

VISIBLE = "CUDA_VISIBLE_DEVICES"


def nvml() -> ModuleType:
    """Return pynvml, ready to be asked; raises whatever a missing library or driver raises."""
    import pynvml

    pynvml.nvmlInit()
    return pynvml


def gpu_uuids() -> list[str]:
    """Return the UUIDs of this machine's GPUs, in NVML's order; none if NVML does not answer."""
    try:
        library = nvml()
        count = library.nvmlDeviceGetCount()
        handles = map(library.nvmlDeviceGetHandleByIndex, range(count))
        return [library.nvmlDeviceGetUUID(handle) for handle in handles]
    except Exception:  # no driver, no library, no permission: CUDA will say what there is
        return []


def lease_gpu(
    devices: Sequence[str] | None = None, folder: Path | None = None, alone: bool = True
) -> str | None:
    """Make one GPU visible to this process, one that no other such process has; return its name.

    Snakemake limits how many jobs use a GPU, but gives them no device. Call this before CUDA is
    first used. What CUDA_VISIBLE_DEVICES names already is what there is to choose from; where it
    names one, as clusters do, it stays. With more jobs than devices they share, with a warning.

    devices: names as CUDA_VISIBLE_DEVICES takes them; this machine's by default.
    folder: where the locks are; the same for all of a user's processes on this machine.
    alone: False for a job so small that it may run beside another: any GPU will do, none is held.
    """
    given, every = os.environ.get(VISIBLE), gpu_uuids()
    if given is not None:
        devices = _visible(given)
    elif devices is None:
        devices = every
    if not devices:
        return None
    if given is not None and len(devices) == 1:
        return devices[0]
    if not alone:
        os.environ[VISIBLE] = chosen = _any(devices)
        return chosen
    folder = folder or Path(tempfile.gettempdir()) / f"blocklab-gpus-{os.getuid()}"
    try:
        leased = next(
            (name for name in devices if try_lock(folder / f"{_uuid(name, every)}.lock")), None
        )
        reason = "every GPU is taken by another job"
    except OSError as error:
        leased, reason = None, f"GPUs cannot be locked ({error})"
    if leased is None:
        leased = _any(devices)
        log.warning("%s; sharing GPU %s", reason, leased)
    os.environ[VISIBLE] = leased
    return leased


def _any(devices: Sequence[str]) -> str:
    """Return one of them, another to most processes that ask."""
    return devices[os.getpid() % len(devices)]


def _visible(given: str) -> list[str]:
    """Return the devices that CUDA sees: those named before the first name that is none."""
    names = [name.strip() for name in given.split(",")]
    return list(itertools.takewhile(lambda name: name and not name.startswith("-"), names))


def _uuid(name: str, every: Sequence[str]) -> str:
    """Return the UUID of a device that may be named by its number or by the UUID's beginning.

    Jobs that name the same GPU in two ways must find the same lock, and two containers may call
    different GPUs by the same number. NVML numbers GPUs as CUDA does where all are alike; else
    only with CUDA_DEVICE_ORDER=PCI_BUS_ID, and without it two jobs may share a GPU.
    """
    if name.isdecimal() and int(name) < len(every):
        return every[int(name)]
    return next((uuid for uuid in every if uuid.startswith(name)), name)
