"""What a run says while it runs: a panel on a terminal, a few lines in a log, an answer at its end.

It takes the place of Snakemake's own handler while jobs run, and only then: a dry run, a graph, a
report, and whatever is asked for with --verbose or --printshellcmds look as Snakemake has them.
Snakemake's complete log in .snakemake/log is not touched. What is used of Snakemake is its logger's
name, its handler's name and the fields of its events; where they are others, its own output stays.
"""

import logging
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from blocklab.jobs.scheduler import end_jobs
from blocklab.terminal.progress import STAGES, Job, Progress
from blocklab.terminal.screen import Screen

PAUSE = 0.3  # seconds between two looks at the jobs
NEWS = 60.0  # seconds between two lines in a log about one training that goes on
# Settings of the command line that ask for what Snakemake itself has to say.
SNAKEMAKES_OWN = ("dryrun", "verbose", "printshellcmds", "debug_dag")
# What says no more than the lines about the jobs that failed.
CONCLUSIONS = ("Exiting because a job execution failed", "At least one job did not complete")
NOTHING = "Nothing to be done"
NO_NEWS = "Assuming unrestricted shared filesystem usage"
SAID_BY_JOB = re.compile(r"^(?P<log>\S.*\.log): (?P<level>WARNING|ERROR|CRITICAL) (?P<text>.+)$")
# How Snakemake words the end of a process; 128 and the signal's number is how a shell does.
KILLED = re.compile(r"SIGKILL|exit status 137\b")
INTERRUPTED = re.compile(r"SIGINT|exit status 130\b")
DIED = re.compile(r"died with <Signals\.(\w+)|exit status (\d+)")


def take_over(
    workflow: Any, targets: Iterable[str], answer: Callable[[], Sequence[str]]
) -> "Terminal":
    """Put a Terminal in the place of Snakemake's handler, if it is there as expected.

    workflow: Snakemake's. targets: the rules that make nothing themselves. answer: gives the lines
    to end with if all went well.
    """
    logger = logging.getLogger("snakemake.logging")
    with suppress(AttributeError, ValueError, OSError):
        settings = workflow.output_settings
        (own,) = (there for there in logger.handlers if there.name == "DefaultStreamHandler")
        asked = any(getattr(settings, name) for name in SNAKEMAKES_OWN)
        if workflow.is_main_process and not asked:
            screen = Screen(own.stream, colours=not settings.nocolor)
            quiet = {kind.name.lower() for kind in settings.quiet or ()}
            terminal = Terminal(own, screen, quiet, targets, answer)
            logger.removeHandler(own)
            logger.addHandler(terminal)
            return terminal
    return Terminal(None, Screen(sys.__stderr__, colours=False), (), targets, answer)


class Terminal(logging.Handler):
    """Snakemake's events as few lines, under which a panel stays where there is a terminal.

    own: Snakemake's handler, to which all goes until jobs are to run, and if anything fails here;
    None leaves Snakemake as it is, and nothing is said here but the answer.
    quiet: of what nothing is to be said: "progress", the panel; "rules", a line per job; "all".
    """

    def __init__(
        self,
        own: logging.Handler | None,
        screen: Screen,
        quiet: Iterable[str],
        targets: Iterable[str],
        answer: Callable[[], Sequence[str]],
    ) -> None:
        super().__init__()
        self.progress = Progress(targets)
        self.screen = screen
        self._own = own
        self._quiet = frozenset(quiet)
        self._answer = answer
        self._runs = False  # jobs are to run: what Snakemake says is put in our words
        self._causes: dict[int, str] = {}  # how processes ended, by the thread that waited for them
        # When a log was last told of a training, and what.
        self._news: dict[str, tuple[float, str]] = {}
        self._stop = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        """Say what a record of Snakemake's means; on a fault of ours leave it to Snakemake."""
        try:
            if not self._runs and _event(record) == "WORKFLOW_STARTED":
                self._runs = True
            elif self._runs:
                self._hear(record)
            elif not str(record.msg).startswith(NO_NEWS):
                self._own.handle(record)
        except Exception as error:
            self._give_back(error)
            self._own.handle(record)

    def close(self) -> None:
        """End what was not ended, as after an error of Snakemake's own."""
        with suppress(Exception):
            self._end()
        super().close()

    def begin(self, scratch: Path) -> None:
        """Jobs will start now: watch them, and keep what they print in a file in `scratch`."""
        if self._own is None:
            return
        try:
            totals = self.progress.total
            stages = ", ".join(f"{totals[stage]} {stage}" for stage in STAGES if stage in totals)
            self._tell(f"{_jobs(sum(totals.values()))}: {stages}")
            self.screen.begin(scratch, panel=self._shows("progress"))
            threading.Thread(target=self._watch, name="terminal", daemon=True).start()
        except Exception as error:
            self._give_back(error)

    def succeed(self) -> None:
        """All is done: say so, and the answer."""
        self._end()
        done, _ = self.progress.counts()
        if self._runs:
            self._tell(f"{_jobs(done)} done in {_duration(self.progress.seconds)}")
        self._say_answer()

    def fail(self) -> None:
        """Not all is done, and nothing more will be: say why."""
        self._end()
        failed = ", ".join(job.label for job in self.progress.failed)
        done, total = self.progress.counts()
        if self.screen.interrupted:
            self.screen.say("interrupted; the same command goes on", "yellow")
        elif failed:
            self.screen.say(f"failed: {failed}; {done} of {total} jobs are done", "red")

    def _end(self) -> None:
        """Say what is still to be said of jobs, and give back the terminal."""
        if self._stop.is_set():
            return
        self._stop.set()
        self.acquire()
        try:
            if self._runs:
                self._look()
        finally:
            self.screen.release()
            self.release()

    # What Snakemake says

    def _hear(self, record: logging.LogRecord) -> None:
        text = str(record.msg or "").strip()
        match _event(record):
            case "RUN_INFO":
                self.progress.plan(record.stats)
            case "JOB_INFO":
                self._started(record)
            case "JOB_FINISHED":
                self._finished(record.job_id)
            case "JOB_ERROR":
                self._failed(record)
            case "ERROR" if "CalledProcessError" in text:
                self._causes[record.thread] = text
            case _:
                self._pass_on(record, text)

    def _pass_on(self, record: logging.LogRecord, text: str) -> None:
        """Say what is neither of a job nor told in other words."""
        if text.startswith(NOTHING):
            self._tell(text)
            self._say_answer()
        elif self.screen.interrupted or any(words in text for words in CONCLUSIONS):
            return
        elif text and record.levelno >= logging.WARNING:
            self.screen.say(text, "red" if record.levelno >= logging.ERROR else "yellow")
        elif text and f"{os.sep}snakemake{os.sep}" not in record.pathname:  # an executor's plugin
            self._tell(text)

    def _started(self, record: logging.LogRecord) -> None:
        job = self.progress.start(record.jobid, record.rule_name, record.rule_msg, record.log)
        if job and job.stage == "train" and not self.screen.is_live:
            self._tell(f"{job.label} starts to train")

    def _finished(self, number: int) -> None:
        job = self.progress.finish(number)
        if job is None:
            return
        self._say_resumed(job)
        if job.stage == "train":
            words = f": {job.accuracies()}" if job.seeds else ""
            self._tell(f"{job.label} trained in {_duration(job.seconds)}{words}", "green")
        elif self.progress.is_complete(job.stage) and not self.screen.is_live:
            self._tell(f"{job.stage}: {self.progress.done[job.stage]} done")

    def _failed(self, record: logging.LogRecord) -> None:
        cause = self._causes.pop(record.thread, "")
        self._read_stray()
        if self.screen.interrupted or INTERRUPTED.search(cause):
            self.screen.interrupted = True
            self.progress.running.pop(record.jobid, None)
            return
        job = self.progress.fail(record.jobid)
        if job is None:
            self.screen.say(str(record.msg), "red")
            return
        self._say_resumed(job)
        log = f"\n    log: {job.log}" if job.log and job.log.exists() else ""
        self.screen.say(f"{job.label}: {_reason(job, cause)}{log}", "red")

    # What jobs say

    def _watch(self) -> None:
        while not self._stop.wait(PAUSE):
            self.acquire()
            try:
                if not self._stop.is_set():
                    self._look()
            except Exception as error:
                self._give_back(error)
            finally:
                self.release()

    def _look(self) -> None:
        if self.screen.interrupted:
            end_jobs()
        self._read_stray()
        for number, job in list(self.progress.running.items()):
            job.look()
            self._say_resumed(job)
            if job.worked and not self._shows("progress"):
                self._finished(number)  # Snakemake does not tell then
            elif not self.screen.is_live:
                self._say_news(job)
        self.screen.show(self.progress)

    def _say_news(self, job: Job) -> None:
        """Tell a log of a training that takes long, now and then."""
        last, told = self._news.setdefault(job.label, (time.monotonic(), ""))
        heard = job.seeds or job.explaining
        if heard and time.monotonic() > last + NEWS and job.latest() != told:
            self._news[job.label] = time.monotonic(), job.latest()
            self._tell(f"{job.label}: {job.latest()}")

    def _say_resumed(self, job: Job) -> None:
        network = job.label.partition(" seed")[0]
        for seed, epoch in job.resumed:
            self._tell(f"{network} seed {seed} goes on after epoch {epoch}", "yellow")
        job.resumed.clear()

    def _read_stray(self) -> None:
        """Say what processes printed: a job's warnings in its name, its error when it has ended."""
        lines = self.screen.stray_lines()
        if self.screen.interrupted:
            return  # tracebacks of what was told to end
        jobs = {str(job.log): job for job in self.progress.running.values()}
        for line in lines:
            found = SAID_BY_JOB.match(line)
            job = jobs.get(found["log"]) if found else None
            if not job:
                self.screen.say(line)
            elif found["level"] == "WARNING":
                self.screen.say(f"{job.label}: warning: {found['text']}", "yellow")
            else:
                job.reason = found["text"]

    # Saying it

    def _shows(self, kind: str) -> bool:
        return not self._quiet & {kind, "all"}

    def _tell(self, line: str, style: str = "") -> None:
        """Say a line of those that -q leaves out."""
        if self._shows("rules"):
            self.screen.say(line, style)

    def _say_answer(self) -> None:
        if "all" not in self._quiet:
            for line in self._answer():
                self.screen.say(line)

    def _give_back(self, error: Exception) -> None:
        """Let Snakemake speak for itself after a fault of ours, which must not end a run."""
        self._stop.set()
        self._runs = False
        with suppress(Exception):
            self.screen.release()
            self.screen.say(f"no panel any more: {type(error).__name__}: {error}")


def _event(record: logging.LogRecord) -> str | None:
    return getattr(getattr(record, "event", None), "name", None)


def _reason(job: Job, cause: str) -> str:
    """Return why a job failed: as it says itself, or as its process ended."""
    if KILLED.search(cause):
        return "its process was killed, perhaps for want of memory"
    if job.reason:
        return job.reason
    signalled, status = found.groups() if (found := DIED.search(cause)) else (None, None)
    return f"its process ended with {signalled or f'status {status or 1}'} and without a word"


def _jobs(count: int) -> str:
    return f"{count} job{'s' if count != 1 else ''}"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 100 else f"{whole // 60} min {whole % 60} s"
