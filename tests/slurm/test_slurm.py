"""A study on a real SLURM: the same bits as on one machine, whatever fails on the way."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from cluster import Cluster, wait_for
from comparison import differences
from tiny_study import OVERLAY, SNAKEMAKE, Study, new_study

NETWORK = "csp"
LONG = {
    "dataset": {"validation_size": 0, "training_size": 1000},
    "training": {"epochs": 30},
    "tracking": {"mode": "disabled"},
}
PROFILE = ("--profile", "profiles/slurm", "--slurm-no-account", "--resources", "gpu=2")
SECONDS = 300  # for one thing to happen; two idle cores take a tenth


class OnCluster(Study):
    """The study, and what of it is at work on the cluster."""

    @property
    def checkpoint(self) -> Path:
        return self.run_folder(NETWORK) / "checkpoint.safetensors"

    def log(self, stage: str = "train") -> str:
        path = self.results / "logs" / "mnist" / NETWORK / "seed0" / f"{stage}.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def trainers(self) -> dict[int, str]:
        """Return the SLURM job of each process that trains, by its number."""
        found = {}
        for process in psutil.process_iter(["cmdline", "cwd"]):
            words = " ".join(process.info["cmdline"] or ())
            if process.info["cwd"] == str(self.folder) and words.endswith(".train.py"):
                found[process.pid] = process.environ().get("SLURM_JOB_ID", "")
        return found

    def begin(self, cluster: Cluster, *arguments: str) -> subprocess.Popen:
        with self.output.open("a", encoding="utf-8") as output:
            return subprocess.Popen(
                [*SNAKEMAKE, NETWORK, *PROFILE, *arguments, "--configfile", OVERLAY],
                cwd=self.folder,
                env={**os.environ, **cluster.environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for_progress(self) -> int:
        """Wait until the one process that trains has finished an epoch; return its number."""

        def works() -> bool:
            return len(self.trainers()) == 1 and self.checkpoint.exists()

        wait_for(works, SECONDS, "one process trains")
        before = self.checkpoint.stat().st_mtime_ns
        wait_for(
            lambda: self.checkpoint.exists() and self.checkpoint.stat().st_mtime_ns != before,
            SECONDS,
            "an epoch is done",
        )
        (trainer,) = self.trainers()
        return trainer


def finish(main: subprocess.Popen, study: Study) -> int:
    try:
        return main.wait(timeout=2 * SECONDS)
    except subprocess.TimeoutExpired:
        main.kill()
        raise AssertionError(study.output.read_text()) from None


@pytest.fixture(scope="session")
def prepared(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> OnCluster:
    """The study with its data prepared, and no more; not to be changed."""
    study = OnCluster(new_study(tmp_path_factory.getbasetemp() / "prepared").folder)
    study.configure(LONG)
    study.run("prepare_data", gpu=0)
    return study


@pytest.fixture(scope="session")
def local(prepared: OnCluster) -> Iterator[Study]:
    """The same study run on this machine, beside what the cluster does; to be waited for."""
    study = prepared.copy_to(prepared.folder.with_name("local"))
    process = study.start(NETWORK, "--resources", "gpu=0")
    yield study, process
    process.kill()
    process.wait()


@pytest.fixture
def study(prepared: OnCluster, tmp_path: Path) -> OnCluster:
    return OnCluster(prepared.copy_to(tmp_path / "project").folder)


def test_what_fails_on_the_way_changes_no_bit(cluster: Cluster, local, study: OnCluster):
    """A training is cancelled, its node's daemon killed, the node lost, and snakemake killed."""
    main = study.begin(cluster)
    first = study.wait_for_progress()
    cluster.ask("scancel", study.trainers()[first])
    wait_for(lambda: not psutil.pid_exists(first), SECONDS, "what is cancelled ends")
    second = study.wait_for_progress()
    assert re.search(r"seed 0 goes on after epoch \d+$", study.log(), re.MULTILINE)
    # That of another start of the job, of which snakemake knows.
    job = study.trainers()[second]
    node = cluster.jobs()[job][1]

    cluster.kill_node(node)
    cluster.start_node(node)
    assert study.wait_for_progress() == second

    cluster.kill_node(node)
    cluster.ask("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    # The same job begins on the other node, while the lost one still computes.
    wait_for(lambda: not psutil.pid_exists(second), SECONDS, "the lost node's training ends")
    third = study.wait_for_progress()
    assert cluster.jobs()[study.trainers()[third]][1] not in ("", node)
    cluster.start_node(node)
    cluster.ask("scontrol", "update", f"nodename={node}", "state=resume", check=False)

    main.send_signal(signal.SIGKILL)
    main.wait()
    main = study.begin(cluster)
    wait_for(lambda: not psutil.pid_exists(third), SECONDS, "the killed run's training ends")
    assert finish(main, study) == 0, study.output.read_text()

    assert "a GPU was granted, but torch finds none it can use: using the CPU" in study.log()
    record = (study.run_folder(NETWORK) / "provenance.json").read_text(encoding="utf-8")
    assert f'"command": "snakemake {NETWORK} --executor slurm --jobs 50' in record
    wait_for(lambda: not cluster.jobs(), SECONDS, "the queue is empty")
    there, process = local
    assert finish(process, there) == 0, there.output.read_text()
    assert differences(there, study, f"mnist/{NETWORK}") == []


def test_results_of_a_run_that_nobody_waited_for_are_not_taken_for_others(
    cluster: Cluster, study: OnCluster
):
    """Its main process is killed; the training goes on and leaves results of the old config."""
    study.configure({"training": {"epochs": 3}})
    main = study.begin(cluster)
    wait_for(study.trainers, SECONDS, "a training begins")
    main.send_signal(signal.SIGKILL)
    main.wait()
    wait_for(lambda: not cluster.jobs(), SECONDS, "the training ends")
    assert (study.run_folder(NETWORK) / "provenance.json").exists()
    study.configure({"training": {"epochs": 4}})
    main = study.begin(cluster)
    assert finish(main, study) == 1
    folder = study.run_folder(NETWORK).relative_to(study.folder)
    assert study.output.read_text().splitlines()[-1] == (
        f"Error: {folder} was trained otherwise than is planned (training.epochs: 3, not 4), "
        "perhaps by a job that was left alone when its snakemake ended; "
        f"to train it anew: rm -r {folder}"
    )
    assert cluster.jobs() == {}
