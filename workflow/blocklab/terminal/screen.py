"""Where a run's lines go: a terminal with a panel below them, or a log; and who interrupts it."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from blocklab.terminal.progress import Progress
from blocklab.terminal.stray import Stray


class Screen:
    """What a stream shows, from before jobs run until `release`.

    stream: a terminal or a file; it is duplicated, so that standard error can be kept from it.
    interrupted: whether this process was told to end.
    """

    def __init__(self, stream: TextIO, colours: bool) -> None:
        self.interrupted = False
        self._colours = colours
        self._out = open(  # noqa: SIM115
            os.dup(stream.fileno()), "w", encoding="utf-8", errors="replace", buffering=1
        )
        self._panel: Any = None
        self._stray: Stray | None = None
        self._signals: dict[int, Callable] = {}

    @property
    def is_live(self) -> bool:
        """Whether there is a panel."""
        return self._panel is not None

    def begin(self, scratch: Path, panel: bool) -> None:
        """Keep standard error in a file in `scratch`, watch for interrupts, draw a panel if wanted.

        There is none where rich is not installed or the stream is no terminal that can show one.
        """
        self._stray = Stray(scratch)
        for number in (signal.SIGINT, signal.SIGTERM):
            before = signal.getsignal(number)
            if callable(before):
                self._signals[number] = before
                signal.signal(number, partial(self._interrupt, before))
        if panel and self._out.isatty() and os.environ.get("TERM") != "dumb":
            with suppress(ImportError):
                from blocklab.terminal.panel import Panel

                self._panel = Panel(self._out, self._colours)

    def say(self, line: str, style: str = "") -> None:
        """Print a line; `style` is for terminals."""
        if self._panel:
            self._panel.say(line, style)
        else:
            print(line, file=self._out, flush=True)

    def show(self, progress: Progress) -> None:
        """Draw the panel, if there is one."""
        if self._panel:
            self._panel.show(progress)

    def stray_lines(self) -> list[str]:
        """Return what this process and its children have written to standard error since."""
        return self._stray.lines() if self._stray else []

    def release(self) -> None:
        """Give back the terminal, standard error and the signals; lines can still be said."""
        if self._panel:
            self._panel.close()
            self._panel = None
        if self._stray:
            self._stray.close()
            self._stray = None
        for number, before in self._signals.items():
            with suppress(ValueError):  # not in the main thread
                signal.signal(number, before)
        self._signals.clear()

    def _interrupt(self, before: Callable, number: int, frame: Any) -> None:
        self.interrupted = True
        before(number, frame)
