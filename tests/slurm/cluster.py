"""A SLURM cluster of two nodes with a GPU each, on this machine's loopback alone.

The GPUs are device files that no driver is behind: SLURM grants them, torch finds none. Nothing of
the system is configured: programs find the cluster by wrappers in a folder for PATH, since the
executor takes SLURM_CONF from the environment of its jobs.
"""

import os
import secrets
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

DAEMONS = ("munged", "slurmctld", "slurmd")
PROGRAMS = ("sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo", "sacct", "sacctmgr")
NODES = ("node1", "node2")
OURS = "BLOCKLAB_TEST_CLUSTER"  # in the environment of all that has to do with a cluster
CONFIG = """\
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=20
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/affinity
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
MinJobAge=300
SlurmdTimeout=15
KillWait=5
GresTypes=gpu
SlurmdParameters=config_overrides
NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} {node}
NodeName=node2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} {node}
PartitionName=main Nodes=node[1-2] Default=YES MaxTime=INFINITE State=UP
"""
NODE = "CPUs=2 Sockets=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=8000 Gres=gpu:1 State=UNKNOWN"
GRES = "AutoDetect=off\n" + "".join(
    f"NodeName={node} Name=gpu File={{folder}}/gpu-{node} Flags=nvidia_gpu_env\n" for node in NODES
)


def missing() -> str | None:
    """Return why there can be no such cluster on this machine; None if there can."""
    search = f"{os.environ['PATH']}:/usr/sbin"
    absent = [name for name in (*DAEMONS, *PROGRAMS) if not shutil.which(name, path=search)]
    if absent:
        return f"no {', '.join(absent)}: apt-get install slurm-wlm munge"
    return None if os.getuid() == 0 else "needs root, for device files"


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until `condition` holds; fail, naming `what` it was, where that takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.2)


class Cluster:
    """The cluster whose files are in `folder`; `environment` is for programs that are to use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "PATH": f"{folder}/bin:{os.environ['PATH']}:/usr/sbin",
            OURS: str(folder),
        }
        self._daemons: dict[str, subprocess.Popen] = {}

    def start(self) -> None:
        """Start all daemons, and wait until both nodes are idle."""
        self._configure()
        munge = [
            f"--{name}={self.folder}/munge.{name}" for name in ("socket", "key-file", "pid-file")
        ]
        munge += [f"--seed-file={self.folder}/munge.seed", f"--log-file={self.folder}/munge.log"]
        self._start("munged", "--foreground", "--force", *munge)
        wait_for((self.folder / "munge.socket").exists, 20, "munged has a socket")
        self._start("slurmctld", "-D")
        for node in NODES:
            self.start_node(node)
        wait_for(lambda: self.states() == ["idle", "idle"], 60, "both nodes are idle")

    def stop(self) -> list[str]:
        """End all jobs and daemons; return the command lines of what had to be killed for it."""
        if "slurmctld" in self._daemons:
            self.ask("scancel", "--signal=KILL", "--full", "--user=root", check=False)
            self.ask("scancel", "--user=root", check=False)
        for daemon in reversed(self._daemons.values()):
            daemon.terminate()
        for daemon in self._daemons.values():
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        left = self.processes()
        for process in left:
            process.kill()
        return [" ".join(process.info["cmdline"]) for process in left]

    def start_node(self, node: str) -> None:
        self._start("slurmd", "-D", "-N", node, name=node)

    def kill_node(self, node: str) -> None:
        """Kill a node's daemon alone: jobs that run there go on."""
        self._daemons[node].kill()
        self._daemons[node].wait()

    def ask(self, *command: str, check: bool = True) -> str:
        """Return what one of SLURM's programs prints."""
        environment = {**os.environ, **self.environment}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def states(self) -> list[str]:
        """Return the state of every node."""
        return self.ask("sinfo", "--Node", "--noheader", "--format=%T", check=False).split()

    def jobs(self, state: str = "") -> dict[str, tuple[str, str]]:
        """Return comment and node of each job that waits or works, or that is in `state`, by id."""
        lines = self.ask(
            "squeue", "--noheader", "--format=%i|%k|%N", f"--states={state or 'PD,R,CG'}"
        )
        rows = [line.split("|") for line in lines.splitlines()]
        return {number: (comment, node) for number, comment, node in rows}

    def processes(self) -> list[psutil.Process]:
        """Return all processes that have to do with this cluster: daemons, jobs and snakemakes."""
        ours = []
        for process in psutil.process_iter(["cmdline"]):
            with suppress(psutil.Error):
                if process.environ().get(OURS) == str(self.folder):
                    ours.append(process)
        return ours

    def _configure(self) -> None:
        (self.folder / "bin").mkdir(parents=True)
        (self.folder / "state").mkdir()
        host = socket.gethostname().partition(".")[0]
        config = CONFIG.format(folder=self.folder, host=host, ports=_free_ports(3), node=NODE)
        (self.folder / "slurm.conf").write_text(config, encoding="ascii")
        gres = GRES.format(folder=self.folder)
        (self.folder / "gres.conf").write_text(gres, encoding="ascii")
        for node in NODES:  # like /dev/null
            os.mknod(self.folder / f"gpu-{node}", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        key = self.folder / "munge.key-file"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        for name in PROGRAMS:
            wrapper = self.folder / "bin" / name
            program = shutil.which(name)
            wrapper.write_text(
                f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {program} "$@"\n',
                encoding="ascii",
            )
            wrapper.chmod(0o755)

    def _start(self, program: str, *arguments: str, name: str | None = None) -> None:
        environment = {**os.environ, **self.environment}
        environment["SLURM_CONF"] = f"{self.folder}/slurm.conf"
        with (self.folder / f"{name or program}.out").open("a") as output:
            self._daemons[name or program] = subprocess.Popen(
                [shutil.which(program, path=environment["PATH"]), *arguments],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def _free_ports(count: int) -> list[int]:
    """Return ports of the loopback that nothing listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
