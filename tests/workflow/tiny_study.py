"""A folder with the project and the tiny study in it; how to run snakemake there and kill it."""

import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]
OVERLAY = "tests/workflow/tiny.yaml"
COPIED = ("Snakefile", "config.yaml", "workflow", "profiles", "envs", "studies")
COPIED += ("results/README.md", OVERLAY)
NETWORKS = ("exp3", "vgg", "csp")
SECONDS_AT_MOST = 600
SNAKEMAKE = [sys.executable, "-m", "snakemake"]
# Three seeds in two packs, no validation split, no tracker; epochs long enough to be hit in one.
VARIED = {
    "dataset": {"validation_size": 0, "training_size": 1200},
    "seeds": {"first": 3, "count": 3, "per_job": 2},
    "training": {"epochs": 5},
    "tracking": {"mode": "disabled"},
    "networks": {"vgg": None},
}
# How to kill: the signal, and whether it goes to all processes of the run or to snakemake alone.
WAYS = {
    "Ctrl-C": (signal.SIGINT, True),
    "SIGINT to snakemake": (signal.SIGINT, False),
    "SIGTERM to snakemake": (signal.SIGTERM, False),
    "SIGTERM to all": (signal.SIGTERM, True),
    "SIGKILL to snakemake": (signal.SIGKILL, False),
    "SIGKILL to all": (signal.SIGKILL, True),
}
# In the environment of the complete run; no output may hold them.
SECRETS = {
    "WANDB_API_KEY": "f00dfeedf00dfeedf00dfeedf00dfeedf00dfeed",
    "AWS_SECRET_ACCESS_KEY": "planted+secret/of+a+cloud",
    "HF_TOKEN": "hf_plantedtokenofahub",
    "SOME_PASSWORD": "planted-password-in-plain-sight",
}


@dataclass(frozen=True)
class Study:
    """A folder with the project in it, and the tiny study."""

    folder: Path

    @property
    def results(self) -> Path:
        return self.folder / "results" / "tiny"

    @property
    def output(self) -> Path:
        return self.folder / "output.txt"

    def run_folder(self, network: str, run: str = "seed0") -> Path:
        return self.results / "mnist" / network / run

    def snakemake(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run snakemake on the tiny study; standard error goes to the same text as output."""
        environment = {**os.environ, **environment}
        environment.pop("SNAKEMAKE_PROFILE", None)
        return subprocess.run(
            [*SNAKEMAKE, *arguments, "--configfile", OVERLAY],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS_AT_MOST,
        )

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start snakemake on two cores, in a session of its own; what it says goes to `output`."""
        with self.output.open("w", encoding="utf-8") as output:
            return subprocess.Popen(
                [*SNAKEMAKE, *arguments, "--cores", "2", "--configfile", OVERLAY],
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # A shell has what it starts in the background ignore Ctrl-C, and that is inherited.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def run(self, *arguments: str, gpu: int = 1, **environment: str) -> str:
        """Run snakemake as the README says, expect success, return what it printed."""
        usual = ("--cores", "4", "--resources", f"gpu={gpu}")
        done = self.snakemake(*arguments, *usual, **environment)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def plan(self, *arguments: str) -> set[str]:
        """Return the messages of the jobs that a dry run plans, without the targets themselves."""
        done = self.snakemake(*arguments, "-n")
        assert done.returncode == 0, done.stdout
        messages = re.findall(r"^Job \d+: (.+)$", done.stdout, re.MULTILINE)
        jobs = {message for message in messages if " is complete" not in message}
        assert bool(jobs) != ("Nothing to be done" in done.stdout), done.stdout
        return jobs

    def configure(self, changes: dict[str, Any]) -> None:
        """Change keys of the overlay, nested ones by mappings in mappings."""
        path = self.folder / OVERLAY
        overlay = _merged(yaml.safe_load(path.read_text(encoding="utf-8")), changes)
        path.write_text(yaml.safe_dump(overlay, sort_keys=False), encoding="utf-8")

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace the first `old` in a file of the project by `new`."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def copy_to(self, folder: Path) -> "Study":
        """Return a copy with every time stamp, so that what was finished still is."""
        return Study(Path(shutil.copytree(self.folder, folder, symlinks=True)))


def new_study(folder: Path) -> Study:
    """Copy the project as git would clone it to `folder`, nothing run yet."""
    for name in COPIED:
        source, target = PROJECT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    return Study(folder)


def kill(run: subprocess.Popen, way: str) -> None:
    """Kill a run that `Study.start` began, in one of the `WAYS`, and wait until it is gone."""
    number, everyone = WAYS[way]
    if everyone:
        os.killpg(run.pid, number)
    else:
        run.send_signal(number)
    run.wait()


def _merged(old: Any, new: Any) -> Any:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return old | {key: _merged(old.get(key), value) for key, value in new.items()}
