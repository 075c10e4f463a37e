"""When this process started, for what a job costs from its user's point of view."""

import os
import sys
import time
from pathlib import Path

import psutil


def seconds_since_start() -> float:
    """Return the seconds since this process started, imports and all."""
    if sys.platform == "linux":
        # psutil adds the boot time, which Linux gives in whole seconds.
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return time.time() - psutil.Process().create_time()
