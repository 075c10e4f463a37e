"""Which processor a job runs on, and in what precision."""

import ctypes
import logging
import mmap
import os
import platform
from collections.abc import Mapping

from blocklab.errors import UserError
from blocklab.jobs.gpus import gpu_uuids, lease_gpu
from blocklab.processor import processor_instructions

log = logging.getLogger(__name__)

LARGE_PAGES = 1 << 29  # bytes; a step of the study's networks needs a fifth of it


def accelerator_present() -> bool:
    """Tell, without importing torch, whether this machine has a GPU that torch could use."""
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    return bool(gpu_uuids())


def gpus_to_ask_for(setting: str, kind: str, limits: Mapping[str, int]) -> int:
    """Return how many GPUs a job is to ask for, 0 or 1, given the config's `training.device`.

    Only `auto` looks at this machine, which plans: jobs may run on another. `limits` are how many
    GPUs all jobs may use at once, by `kind`, "gpu" or "shared_gpu"; no GPU at all is no shared one.
    With a limit of 0, `auto` is the processor.
    Raises UserError if the config insists on a GPU and the limit is 0.
    """
    if setting == "cpu":
        return 0
    refused = next((name for name in ("gpu", kind) if limits.get(name) == 0), None)
    if refused and setting != "auto":
        # Not the processor instead: two orders contradict each other, and one may cost hours.
        raise UserError(
            f"training.device is {setting}, but --resources {refused}=0 grants no GPU; "
            f"use {refused}=1, or training.device auto or cpu"
        )
    return 0 if refused else int(setting != "auto" or accelerator_present())


def choose_device(setting: str, gpus: int, alone: bool = True) -> str:
    """Return "cuda", "mps" or "cpu" for the config's `training.device`.

    `gpus` is what the scheduler granted the job: with 0, `auto` is the processor, whatever is
    there. A job that is to use CUDA first takes a device, which this process then sees alone;
    unless it is to have that `alone`, other jobs may use it too.
    Raises UserError if the config insists on a device that is not there, or was not granted.
    """
    import torch

    if setting in ("auto", "cuda") and gpus:
        lease_gpu(alone=alone)
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if setting in present:
        if not present[setting]:
            raise UserError(
                f"training.device: {setting} is not available on this machine; use auto or cpu"
            )
        if not gpus:
            raise UserError(f"training.device is {setting}, but the job was granted no GPU")
        return setting
    if setting == "auto" and gpus:
        found = next((name for name, there in present.items() if there), None)
        if found:
            return found
        log.warning("a GPU was granted, but torch finds none it can use: using the CPU")
    return "cpu"


def make_deterministic(wanted: bool, device: str) -> None:
    """On a GPU, take only algorithms that repeat to the bit, if `wanted`; before CUDA is used."""
    if wanted and device == "cuda":
        import torch

        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it
        torch.use_deterministic_algorithms(True)
        # Which is for finding mistakes, and costs a kernel for every tensor that is made.
        torch.utils.deterministic.fill_uninitialized_memory = False


def prepare_cuda(seeds: int, deterministic: bool) -> None:
    """Set how this process is to compute on CUDA, as many seeds at once; before CUDA is used.

    It changes nothing elsewhere. TF32 is left to convolutions, where `exact_float32` is not.
    """
    if seeds > 8:  # CUDA's usual number of queues: streams that share one wait for each other
        os.environ.setdefault("CUDA_DEVICE_MAX_CONNECTIONS", "32")
    import torch

    torch.backends.cudnn.benchmark = not deterministic
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    # Which new cards prefer for bfloat16; heads as small as 8 channels may be none of its plans.
    torch.backends.cuda.enable_cudnn_sdp(False)


def prepare_processor(threads: int) -> None:
    """Set how this process is to compute on the processor; before it computes."""
    import torch

    torch.set_num_threads(threads)
    # Attention that has made up its mind is full of numbers below 1e-38, which processors take very
    # long for; they count as zero. Threads started later do the same.
    torch.set_flush_denormal(True)
    keep_freed_memory()


def keep_freed_memory() -> None:
    """Let this process keep what it frees, in large pages; only with GNU's C library.

    glibc gives large blocks back to the system at once. Every training step asks for the same
    ones again, and the system then clears each page of them. Of the usual small pages, one step
    also touches more than the processor remembers the places of.
    """
    trim_threshold, mmap_threshold = -1, -3  # malloc.h
    try:
        library = ctypes.CDLL(None)
        # Before version 2.35, glibc refuses more than 32 MiB.
        library.mallopt(mmap_threshold, 1 << 30) or library.mallopt(mmap_threshold, 1 << 25)
        library.mallopt(trim_threshold, (1 << 31) - 1)
        library.malloc.restype = ctypes.c_void_p
        block = library.malloc(ctypes.c_size_t(LARGE_PAGES))
        page = mmap.PAGESIZE
        start = -(-block // page) * page
        whole_pages = ctypes.c_size_t(LARGE_PAGES - page)
        library.madvise(ctypes.c_void_p(start), whole_pages, mmap.MADV_HUGEPAGE)
        # It stays with the process, and nothing of it is taken from the machine until it is used.
        library.free(ctypes.c_void_p(block))
    except (AttributeError, OSError, TypeError):
        return


def choose_precision(setting: str, device: str) -> str:
    """Return "bfloat16" or "float32" for the config's `training.precision`."""
    import torch

    if setting != "auto":
        return setting
    fast = {
        "cuda": lambda: torch.cuda.is_bf16_supported(including_emulation=False),
        # Processors without these imitate bfloat16, very slowly.
        "cpu": lambda: bool(processor_instructions() & {"avx512_bf16", "amx_bf16"}),
    }
    return "bfloat16" if device in fast and fast[device]() else "float32"
