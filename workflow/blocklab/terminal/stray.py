"""Standard error of a process and its children, kept aside so that it garbles no panel."""

import os
import sys
from pathlib import Path

STANDARD_ERROR = 2


class Stray:
    """Let all that is written to standard error go to a file in `folder`, until `close`.

    Jobs inherit it. A file, because a pipe that nobody reads any more would kill who writes.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "stderr"
        folder.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("w+b", buffering=0)
        self._rest = b""
        sys.stderr.flush()
        self._terminal = os.dup(STANDARD_ERROR)
        writer = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        os.dup2(writer, STANDARD_ERROR)
        os.close(writer)

    def lines(self) -> list[str]:
        """Return the complete lines that were written since the last call."""
        sys.stderr.flush()
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        return [line.decode("utf-8", errors="replace") for line in lines if line.strip()]

    def close(self) -> None:
        """Give standard error back, and remove the file."""
        sys.stderr.flush()
        os.dup2(self._terminal, STANDARD_ERROR)
        os.close(self._terminal)
        self._file.close()
        self.path.unlink(missing_ok=True)
