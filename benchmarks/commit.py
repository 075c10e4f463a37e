"""Which commit a benchmark measures, for its page."""

import subprocess
from pathlib import Path


def commit() -> str:
    """Return the commit's seven digits, with -dirty where files differ from it; or unknown."""
    folder = str(Path(__file__).parent)
    git = ["git", "-C", folder, "describe", "--always", "--dirty", "--abbrev=7"]
    try:
        run = subprocess.run(git, capture_output=True, text=True, check=False)
    except FileNotFoundError:  # a machine without git
        return "unknown"
    return run.stdout.strip() or "unknown"
