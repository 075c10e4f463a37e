"""A folder with the project and the tiny study in it, and how to run snakemake there."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

OVERLAY = "tests/workflow/tiny.yaml"
NETWORKS = ("exp3", "vgg", "csp")
SECONDS_AT_MOST = 600
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

    def run_folder(self, network: str, pack: str = "seed0") -> Path:
        return self.results / "mnist" / network / pack

    def snakemake(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run snakemake on the tiny study; standard error goes to the same text as output."""
        environment = {**os.environ, **environment}
        environment.pop("SNAKEMAKE_PROFILE", None)
        return subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments, "--configfile", OVERLAY],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS_AT_MOST,
        )

    def run(self, *arguments: str, **environment: str) -> str:
        """Run snakemake as the README says, expect success, return what it printed."""
        done = self.snakemake(*arguments, "--cores", "4", "--resources", "gpu=1", **environment)
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


def _merged(old: Any, new: Any) -> Any:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return old | {key: _merged(old.get(key), value) for key, value in new.items()}
