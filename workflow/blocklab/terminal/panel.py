"""The picture of a run that a terminal keeps up to date, drawn by rich."""

from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from blocklab.terminal.progress import STAGES, Job, Progress

BAR = 24  # columns
SHOWN = 12  # running jobs at most; a cluster may run hundreds


class Panel:
    """Lines that scroll, and below them stages and running jobs that stay."""

    def __init__(self, stream: TextIO, colours: bool) -> None:
        self._console = Console(file=stream, no_color=not colours, highlight=False)
        # Refreshed by who polls the jobs: a second clock would draw what did not change.
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def say(self, line: str, style: str) -> None:
        """Print a line above the panel."""
        self._console.print(Text(line, style=style))

    def show(self, progress: Progress) -> None:
        """Draw how far a run is."""
        self._live.update(picture(progress), refresh=True)

    def close(self) -> None:
        """Remove the panel; the lines above it stay."""
        self._live.stop()


def picture(progress: Progress) -> Group:
    """Return stages with how many of their jobs are done, then the running jobs, then the whole."""
    stages = Table.grid(padding=(0, 1))
    for stage in STAGES:
        if total := progress.total.get(stage):
            done = progress.done.get(stage, 0)
            failed = sum(job.stage == stage for job in progress.failed)
            stages.add_row(
                f"{stage:<8}",
                ProgressBar(total, done, width=BAR),
                f"{done}/{total}",
                Text(f"{failed} failed" if failed else "", style="red"),
            )
    jobs = Table.grid(padding=(0, 1))
    running = list(progress.running.values())
    for job in running[:SHOWN]:
        jobs.add_row(Text(job.label, style="cyan"), *_how_far(job), _minutes(job.seconds))
    done, total = progress.counts()
    rest = f", {len(running) - SHOWN} more run" if len(running) > SHOWN else ""
    seconds = _minutes(progress.seconds)
    return Group(stages, jobs, Text(f"{done} of {total} jobs in {seconds}{rest}", style="dim"))


def _how_far(job: Job) -> tuple[ProgressBar | str, str]:
    """Return the bar of the seed that was heard of last, and its words."""
    if at := job.explaining:
        return ProgressBar(at.parts, at.part - 1, width=BAR), job.latest()
    if not job.seeds:
        return "", ""
    epoch = list(job.seeds.values())[-1]
    return ProgressBar(epoch.of, epoch.done, width=BAR), job.latest()


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
