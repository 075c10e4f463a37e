"""What a job says goes where it can be of use, and its code is what was planned."""

import subprocess
import sys
import time
from pathlib import Path

from blocklab.jobs import job as module
from blocklab.report.figures import timeline
from blocklab.study.code import stamp

LIBRARY = Path(module.__file__).parents[2]
CODE = stamp(LIBRARY, "figure.py", ["report.figures.timeline"])


def job(
    tmp_path: Path, body: str, code: str = "", more: str = ""
) -> tuple[subprocess.CompletedProcess, str]:
    """Run a script as a job in a process of its own; return it and its log.

    more: keywords of its `snakemake`, params among them.
    """
    log = tmp_path / "job.log"
    script = (
        "import logging\nfrom types import SimpleNamespace as Made\n"
        "from blocklab.errors import UserError\nfrom blocklab.jobs.job import as_job\n"
        f"params = dict(code={code or CODE!r})\n"
        f"snakemake = Made(**dict(log=[{str(log)!r}], params=Made(**params)) | dict({more}))\n"
        f"with as_job(snakemake):\n    {body}\nprint('went on')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(LIBRARY)},
        capture_output=True,
        text=True,
    )
    return run, log.read_text(encoding="utf-8") if log.is_file() else ""


def test_a_job_that_succeeds_logs_to_its_file_and_goes_on(tmp_path):
    run, log = job(tmp_path, "logging.getLogger('x').info('epoch 1'); logging.debug('detail')")
    assert (run.returncode, run.stdout, run.stderr) == (0, "went on\n", "")
    assert log.splitlines()[0].endswith("INFO epoch 1")
    assert "detail" not in log


def test_a_warning_goes_to_the_terminal_too(tmp_path):
    run, log = job(tmp_path, "logging.getLogger('x').warning('no GPU')")
    assert run.stderr.count("\n") == 1
    assert run.stderr == f"{tmp_path / 'job.log'}: WARNING no GPU\n"
    assert log.splitlines()[0].endswith("WARNING no GPU")


def test_a_users_mistake_is_one_line_and_no_traceback(tmp_path):
    run, log = job(tmp_path, "raise UserError('dataset.directory: no such folder; make it')")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.count("\n") == 1
    assert run.stderr.endswith("ERROR dataset.directory: no such folder; make it\n")
    assert log.endswith("ERROR dataset.directory: no such folder; make it\n")
    assert log.count("\n") == 1


def test_our_own_mistake_has_its_traceback_in_the_log_alone(tmp_path):
    run, log = job(tmp_path, "1 / 0")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == f"{tmp_path / 'job.log'}: ERROR ZeroDivisionError: division by zero\n"
    assert "Traceback (most recent call last)" in log
    assert log.endswith("ZeroDivisionError: division by zero\n")


def test_of_a_mistake_in_many_lines_the_first_is_said(tmp_path):
    run, log = job(tmp_path, "raise RuntimeError('no memory\\nframe 1\\nframe 2')")
    assert run.stderr == f"{tmp_path / 'job.log'}: ERROR RuntimeError: no memory\n"
    assert log.endswith("RuntimeError: no memory\nframe 1\nframe 2\n")


def test_a_job_that_is_told_to_end_does_so_without_a_word(tmp_path):
    # What runs in a shell's background, as tests may, ignores the signal.
    heed = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    run, log = job(tmp_path, f"import os, signal; {heed}; os.kill(os.getpid(), signal.SIGINT)")
    assert (run.returncode, run.stdout, run.stderr, log) == (130, "", "", "")


def test_a_log_holds_the_last_run_alone(tmp_path):
    job(tmp_path, "logging.info('first')")
    _, log = job(tmp_path, "logging.info('second')")
    assert "second" in log and "first" not in log


def test_a_log_ends_with_when_its_job_worked_if_it_succeeds(tmp_path):
    logs = {"train": {"vgg": str(tmp_path / "job.log")}}
    began = time.time()
    job(tmp_path, "pass")
    ((bar,),) = (axes.patches for axes in timeline.draw(logs).axes)
    assert 0 < bar.get_width() < time.time() - began + 0.1
    job(tmp_path, "raise ValueError")
    assert not timeline.draw(logs).axes


def test_code_that_changed_since_the_plan_is_not_run(tmp_path):
    name, modules, python, script, library = CODE.split()
    for changed in ("0" * 64, library), (script, "0" * 64):
        run, log = job(tmp_path, "print('ran')", " ".join([name, modules, python, *changed]))
        assert (run.returncode, run.stdout) == (1, "")
        assert "the code of figure.py has changed since this run began; start it again" in log
        assert run.stderr.count("\n") == 1
    for gone in ([name, "report.figures.timeline,no_such_module"], ["no_such_script.py", modules]):
        run, log = job(tmp_path, "print('ran')", " ".join([*gone, python, script, library]))
        assert (run.returncode, run.stdout) == (1, "")
        assert f"the code of {gone[0]} has changed" in log


def test_a_run_that_was_not_planned_is_not_read(tmp_path):
    run = tmp_path / "vgg" / "seed0"
    run.mkdir(parents=True)
    (run / "provenance.json").write_text('{"settings": {"epochs": 2}}', encoding="utf-8")
    for epochs, expected in ((2, "ran\nwent on\n"), (3, "")):
        planned = {"vgg": {"settings": {"epochs": epochs}, "dataset": None}}
        more = f"input=[{str(run / 'history.csv')!r}], params=Made(**params, planned={planned!r})"
        done, log = job(tmp_path, "print('ran')", more=more)
        assert done.stdout == expected
    assert "was trained otherwise than is planned (epochs: 2, not 3)" in log


def test_the_syntax_trees_of_another_python_prove_nothing(tmp_path):
    name, modules, _, *hashes = CODE.split()
    run, _ = job(tmp_path, "print('ran')", " ".join([name, modules, "python3.99", *hashes[::-1]]))
    assert run.stdout == "ran\nwent on\n"


def test_a_log_that_cannot_be_opened_does_not_stop_a_job(tmp_path):
    (tmp_path / "job.log").mkdir()
    run, _ = job(tmp_path, "print('ran')")
    assert run.stdout == "ran\nwent on\n"
    assert run.stderr.startswith("no log: ") and run.stderr.count("\n") == 1
