"""What the system says of the processor."""

import platform
import subprocess
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")  # on Linux


def processor_model() -> str:
    """Return the processor's model name, or its architecture where the system does not say."""
    return _cpuinfo().get("model name") or _mac() or platform.processor() or platform.machine()


def processor_instructions() -> set[str]:
    """Return the instruction sets of the processor, as Linux names them; elsewhere none."""
    known = _cpuinfo()
    return set((known.get("flags") or known.get("Features", "")).split())  # x86 or ARM


def _cpuinfo() -> dict[str, str]:
    """Return what Linux says of the first core."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    fields = (line.partition(":") for line in reversed(lines))
    return {name.strip(): value.strip() for name, _, value in fields}


def _mac() -> str:
    if platform.system() != "Darwin":
        return ""
    command = ["sysctl", "-n", "machdep.cpu.brand_string"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ""
    return run.stdout.strip()
