"""What a run says: in a log, on a terminal, and when something goes wrong."""

import io
import logging
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.logging import LoggerManager
from snakemake.settings.enums import Quietness
from snakemake.settings.types import OutputSettings
from snakemake_interface_logger_plugins.common import LogEvent

from blocklab.terminal.terminal import Terminal, take_over

ANSWER = ["Best of 2 networks: vgg, 98 %", "Read on: results/summary.md"]


class Run:
    """A run of Snakemake as far as its logger knows of it; what is said goes to `path`."""

    def __init__(self, folder: Path, monkeypatch, stream=None, **settings) -> None:
        self.folder, self.path = folder, folder / "output.txt"
        self.logger = logging.getLogger("snakemake.logging")
        stream = stream or self.path.open("w+")
        monkeypatch.setattr(sys, "stderr", stream)
        self.manager = LoggerManager(self.logger, OutputSettings(**settings))
        workflow = SimpleNamespace(output_settings=self.manager.settings, is_main_process=True)
        self.terminal = take_over(workflow, ["all"], lambda: ANSWER)

    def tell(self, event: LogEvent | None, text: str | None = None, level="info", **fields) -> None:
        extra = {"event": event, **fields} if event else fields
        number, module = getattr(logging, level.upper()), "/lib/snakemake/workflow.py"
        self.logger.handle(
            self.logger.makeRecord(self.logger.name, number, module, 1, text, (), None, extra=extra)
        )

    def begin(self) -> None:
        self.tell(LogEvent.WORKFLOW_STARTED, "Workflow has started!")
        self.tell(None, "Building DAG of jobs...")
        self.tell(LogEvent.RUN_INFO, "Job stats", stats={"train": 2, "explain": 1, "all": 1})
        self.terminal.begin(self.folder / "scratch")

    def start(self, number: int, message: str, rule: str = "train") -> Path:
        log = self.folder / f"{number}.log"
        self.tell(LogEvent.JOB_INFO, jobid=number, rule_name=rule, rule_msg=message, log=[str(log)])
        return log

    def fail(self, number: int, cause: str) -> None:
        text = f"RuleException:\nCalledProcessError in file x, line 3:\nCommand 'x' {cause}."
        self.tell(LogEvent.ERROR, text, "error", exception="RuleException")
        self.tell(
            LogEvent.JOB_ERROR, f"Error in rule train, jobid: {number}", "error", jobid=number
        )

    def said(self) -> list[str]:
        return self.path.read_text().splitlines()


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A function that begins a run; what it takes of this process is given back."""
    runs = []

    def make(**settings) -> Run:
        runs.append(Run(tmp_path, monkeypatch, **settings))
        return runs[-1]

    yield make
    for made in runs:
        made.manager.stop()


EPOCH = "10:00:00 INFO vgg seed 0 epoch 1/1: acc 0.5, loss 1.0, validation_acc 0.9750, 1.0 s\n"


def test_a_log_gets_few_plain_lines_and_the_answer_last(run):
    study = run()
    study.tell(None, "Assuming unrestricted shared filesystem usage.")
    study.begin()
    study.tell(None, "Select jobs to execute...")
    study.start(1, "Train vgg, seed 0").write_text(EPOCH)
    study.tell(LogEvent.JOB_FINISHED, "Finished jobid: 1", job_id=1)
    study.start(2, "Explain vgg, seed 0", "explain")
    study.tell(LogEvent.JOB_FINISHED, "Finished jobid: 2", job_id=2)
    study.start(3, "The study is complete", "all")
    study.tell(LogEvent.JOB_FINISHED, "Finished jobid: 3", job_id=3)
    study.terminal.succeed()
    study.tell(None, "Elapsed time: 0:00:01")
    assert study.said() == [
        "3 jobs: 2 train, 1 explain",
        "vgg seed 0 starts to train",
        "vgg seed 0 trained in 0 s: 97.50 % of validation images right",
        "explain: 1 done",
        "2 jobs done in 0 s",
        *ANSWER,
    ]


def test_nothing_to_do_gives_the_answer_too(run):
    study = run()
    study.tell(LogEvent.WORKFLOW_STARTED, "Workflow has started!")
    study.tell(None, "Nothing to be done (all requested files are present and up to date).")
    assert study.said()[1:] == ANSWER


@pytest.mark.parametrize(
    ("cause", "logged", "reason"),
    [
        (
            "died with <Signals.SIGKILL: 9>",
            "",
            "its process was killed, perhaps for want of memory",
        ),
        ("returned non-zero exit status 137", EPOCH, "its process was killed, perhaps for"),
        (
            "died with <Signals.SIGSEGV: 11>",
            "",
            "its process ended with SIGSEGV and without a word",
        ),
        (
            "returned non-zero exit status 1",
            "10:00:00 ERROR the disk is full\n",
            "the disk is full",
        ),
        ("returned non-zero exit status 2", "", "its process ended with status 2 and without a"),
    ],
)
def test_a_job_that_fails_is_its_name_its_reason_and_its_log(run, cause, logged, reason):
    study = run()
    study.begin()
    log = study.start(1, "Train vgg, seed 0")
    log.write_text(logged)
    study.fail(1, cause)
    study.tell(None, "Exiting because a job execution failed. Look above for errors", "error")
    study.terminal.fail()
    failure, path, conclusion = study.said()[2:]
    assert failure.startswith(f"vgg seed 0: {reason}")
    assert path == f"    log: {log}"
    assert conclusion == "failed: vgg seed 0; 0 of 3 jobs are done"


def test_what_jobs_print_is_kept_from_the_terminal_and_said_in_their_name(run):
    study = run()
    study.begin()
    log = study.start(1, "Train vgg, seed 0")
    for line in (f"{log}: WARNING no C++ compiler", "a library's word", f"{log}: ERROR no room"):
        subprocess.run(["sh", "-c", 'echo "$0" >&2', line], check=True)
    study.fail(1, "returned non-zero exit status 1")
    study.terminal.fail()
    assert study.said()[2:5] == [
        "vgg seed 0: warning: no C++ compiler",
        "a library's word",
        "vgg seed 0: no room",
    ]
    assert not (study.folder / "scratch" / "stderr").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_one_line(run, number):
    heard = []
    before = signal.signal(number, lambda *_: heard.append(number))
    try:
        study = run()
        study.begin()
        study.start(1, "Train vgg, seed 0")
        os.kill(os.getpid(), number)
        subprocess.run(["sh", "-c", "echo Traceback: KeyboardInterrupt >&2"], check=True)
        study.fail(1, "returned non-zero exit status 130")
        study.tell(LogEvent.ERROR, "WorkflowError:\nAt least one job did not complete", "error")
        study.terminal.fail()
    finally:
        signal.signal(number, before)
    assert heard == [number]  # Snakemake's own handler has its turn
    assert study.said()[2:] == ["interrupted; the same command goes on"]


def test_a_terminal_has_a_panel_that_leaves_no_trace(run):
    controller, terminal = pty.openpty()
    drawn = ""

    def read_until(text: str) -> None:
        nonlocal drawn
        while text not in drawn:
            drawn += os.read(controller, 1 << 16).decode()

    with os.fdopen(terminal, "w") as stream:
        study = run(stream=stream)
        study.begin()
        assert study.terminal.screen.is_live
        study.start(1, "Train vgg, seed 0").write_text(EPOCH)
        study.terminal._look()
        for part in ("explain", "0/2", "epoch 1/1, 97.50 % right"):
            read_until(part)
        study.tell(LogEvent.JOB_FINISHED, "Finished jobid: 1", job_id=1)
        study.terminal.succeed()
        read_until("vgg seed 0 trained in ")  # seconds, on a busy machine more than 0
        read_until("\x1b[?25h")  # the cursor is back
        read_until(f"{ANSWER[-1]}\r\n")
    assert drawn.endswith(f"{ANSWER[-1]}\r\n")
    os.close(controller)


def test_quiet_leaves_out_lines_but_neither_failures_nor_the_answer(run):
    study = run(quiet={Quietness.RULES, Quietness.PROGRESS})
    study.begin()
    study.start(1, "Train vgg, seed 0")
    study.fail(1, "died with <Signals.SIGKILL: 9>")
    study.terminal.succeed()
    assert [line.partition(":")[0].strip() for line in study.said()] == [
        "vgg seed 0",
        *(line.partition(":")[0] for line in ANSWER),
    ]


def test_a_training_is_told_of_where_snakemake_tells_nothing_of_ends(run):
    study = run(quiet={Quietness.PROGRESS})
    study.begin()
    study.start(1, "Train vgg, seed 0").write_text(f"{EPOCH}10:00:00 INFO worked from 1.0 to 2.0\n")
    study.terminal._look()
    assert study.said()[-1].startswith("vgg seed 0 trained in 0 s: 97.50 %")


@pytest.mark.parametrize("name", ["dryrun", "verbose", "printshellcmds", "debug_dag"])
def test_what_asks_for_snakemakes_own_words_gets_them(run, name):
    study = run(**{name: True})
    assert study.logger.handlers == [h for h in study.logger.handlers if h.name]
    study.terminal.begin(study.folder)
    study.tell(LogEvent.WORKFLOW_STARTED, "x", quietness=Quietness.HOST, **HEADER)
    study.tell(None, "Building DAG of jobs...")
    assert "Building DAG of jobs..." in study.said()


FIELDS = ("datetime", "workflow_id", "platform", "host", "user", "snakemake_version", "cmd")
FIELDS += ("python_version", "snakefile_main", "basedir", "rundir", "cwd", "configfiles")
HEADER = dict.fromkeys((*FIELDS, "config_md5"), "x")


def test_before_jobs_run_all_is_snakemakes(run):
    study = run()
    study.tell(None, "Congratulations, your workflow is in a good condition!")
    assert study.said() == ["Congratulations, your workflow is in a good condition!"]


def test_a_fault_of_ours_leaves_the_run_to_snakemake(run):
    study = run()
    study.begin()
    study.tell(LogEvent.JOB_INFO)  # none of the fields that there should be
    study.tell(None, "Select jobs to execute...")
    assert any(line.startswith("no panel any more: AttributeError") for line in study.said())
    assert study.said()[-1] == "Select jobs to execute..."


def test_another_logger_is_left_alone(monkeypatch):
    logger = logging.getLogger("snakemake.logging")
    monkeypatch.setattr(logger, "handlers", [logging.StreamHandler(io.StringIO())])
    workflow = SimpleNamespace(output_settings=OutputSettings(), is_main_process=True)
    terminal = take_over(workflow, [], lambda: ANSWER)
    assert terminal not in logger.handlers
    assert isinstance(terminal, Terminal)
