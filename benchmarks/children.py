"""A process with a time limit whose lines are read as they come."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

KEPT = 25  # lines of what a process printed, and of its errors


class Child:
    """A process that ends, with all that it started, at its limit at the latest."""

    def __init__(
        self,
        command: list[str],
        limit: float,
        environment: Mapping[str, str],
        folder: Path | None = None,
    ) -> None:
        self.limit, self.seconds, self.code, self.late = limit, 0.0, None, False
        self._said: list[str] = []
        self._errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            errors="replace",
            env=environment,
            cwd=folder,
            start_new_session=True,
        )

    def lines(self) -> Iterator[str]:
        """Yield what the process prints, line by line, to its end or its limit."""
        timer = threading.Timer(self.limit, self._stop)
        timer.start()
        try:
            for line in self._process.stdout:
                self._said.append(line)
                yield line
            self.code = self._process.wait()
        finally:
            timer.cancel()
            self._kill()  # what it left behind, or itself if the reader gave up
            self.seconds = time.monotonic() - self._started

    def ended(self) -> str:
        """Return how it ended, in words."""
        if self.late:
            return f"stopped at its limit of {self.limit:.0f} s"
        return "done" if self.code == 0 else f"failed with code {self.code}"

    def last_words(self) -> str:
        """Return the end of what it printed beside lines of JSON, and the end of its errors."""
        self._errors.seek(0)
        printed = [line for line in self._said if not line.startswith('{"')]
        ends = printed[-KEPT:] + self._errors.readlines()[-KEPT:]
        return "\n".join(line.rstrip()[:200] for line in ends)

    def _stop(self) -> None:
        self.late = True
        self._kill()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
