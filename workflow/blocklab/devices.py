"""Which processor a job runs on, and in what precision."""

import logging
import platform

from blocklab.errors import UserError

log = logging.getLogger(__name__)


def accelerator_present() -> bool:
    """Tell, without importing torch, whether this machine has a GPU that torch could use."""
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    try:
        import pynvml

        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
        pynvml.nvmlShutdown()
    except Exception:  # no driver, no library, no permission: no GPU for us
        return False
    return count > 0


def choose_device(setting: str, gpus: int) -> str:
    """Return "cuda", "mps" or "cpu" for the config's `training.device`.

    `gpus` is what the scheduler granted the job: 0 means the processor, whatever is there.
    Raises UserError if the config insists on a device that is not there.
    """
    import torch

    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if setting in present:
        if not present[setting]:
            raise UserError(
                f"training.device: {setting} is not available on this machine; use auto or cpu"
            )
        if gpus:
            return setting
        log.warning("training.device is %s, but the job was granted no GPU: using the CPU", setting)
        return "cpu"
    if setting == "auto" and gpus:
        return next((name for name, there in present.items() if there), "cpu")
    return "cpu"


def choose_precision(setting: str, device: str) -> str:
    """Return "bfloat16" or "float32" for the config's `training.precision`."""
    import torch

    if setting != "auto":
        return setting
    if device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return "bfloat16"
    return "float32"
