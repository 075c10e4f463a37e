"""What many runs cost beside their trainings: to plan them, and what Snakemake adds to a job.

    python benchmarks/scale.py                         # plans of 10 to 10,000 runs, in minutes
    python benchmarks/scale.py --plan --run 10 100     # studies from start to summary
    python benchmarks/scale.py --run 1000 --folder F   # both; F keeps the results

Every run is a training job of its own (`seeds: {per_job: 1}`). The networks of a study that is run
are trained by a stub (`stub_script.py`), whose own time is taken out. Appends to scale.csv in
--output and writes scale.md from all of it.
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

PROJECT = Path(__file__).resolve().parents[1]
FOLDERS = ("workflow", "tests/workflow", "benchmarks")
sys.path[:0] = [str(PROJECT / folder) for folder in FOLDERS]

from commit import commit  # noqa: E402
from instructions import described  # noqa: E402
from tiny_study import OVERLAY, SNAKEMAKE, Study, new_study  # noqa: E402

from blocklab.processor import processor_instructions, processor_model  # noqa: E402

STUBBED = ("train", "evaluate", "explain")
COLUMNS = {
    "runs": "runs",
    "networks": "networks",
    "seeds": "seeds",
    "jobs": "jobs",
    "first_plan": "first plan (s)",
    "plan": "plan (s)",
    "plan_mb": "plan (MB)",
    "run_wall": "start to page, wall clock (s)",
    "overhead": "overhead of all jobs (s)",
    "overhead_per_job": "of one job (s)",
    "pages": "tables, figures, pages (s)",
    "run_mb": "run (MB)",
    "done_plan": "plan when all is done (s)",
}


def sizes(runs: int) -> tuple[int, int]:
    """Return networks and seeds of a study of about so many runs, as 20 x 50 of 1,000."""
    networks = {10: 5, 100: 10, 1_000: 20, 10_000: 100}.get(runs, max(2, runs // 2))
    return networks, max(1, runs // networks)


def network(number: int) -> dict:
    """Return a small network; no two numbers below 1,024 give the same."""
    first, second = 1 + number % 32, 1 + number // 32
    conv = [{"conv": {"out": first, "kernel": 3}}, {"conv": {"out": second, "kernel": 3}}]
    return {
        "batch_size": 50,
        "layers": [conv[0], {"maxpool": 2}, conv[1], "flatten", {"linear": {"out": "classes"}}],
    }


def study_of(folder: Path, networks: int, seeds: int, tracking: str) -> Study:
    """Return a new study in `folder` of that many networks and seeds, every seed in a job."""
    study = new_study(folder)
    made = {f"network_{number:04d}": network(number) for number in range(networks - 1)}
    study.configure(
        {
            "seeds": {"count": seeds, "per_job": 1},
            "tracking": {"mode": tracking},
            "networks": {"vgg": None, "csp": None} | made,
        }
    )
    return study


def measured(study: Study, *arguments: str) -> dict:
    """Run snakemake there; return its seconds, the processor's, children too, and most memory."""
    command = [*SNAKEMAKE, *arguments, "--configfile", OVERLAY]
    started = time.perf_counter()
    with study.output.open("w") as output:
        run = subprocess.Popen(
            command, cwd=study.folder, stdout=output, stderr=subprocess.STDOUT, text=True
        )
        _, status, used = os.wait4(run.pid, 0)
    if status:
        raise SystemExit(study.output.read_text()[-3000:])
    scale = 1e6 if platform.system() == "Darwin" else 1e3
    return {
        "wall": time.perf_counter() - started,
        "cpu": used.ru_utime + used.ru_stime,
        "mb": used.ru_maxrss / scale,
    }


def planned(folder: Path, runs: int) -> dict:
    """Return what `snakemake -n` of so many runs takes: the first time, and the second."""
    networks, seeds = sizes(runs)
    study = study_of(folder, networks, seeds, "offline")
    first, again = measured(study, "-n", "-q", "all"), measured(study, "-n")
    jobs = re.search(r"^total +(\d+)$", study.output.read_text(), re.MULTILINE)
    return {
        "runs": networks * seeds,
        "networks": networks,
        "seeds": seeds,
        "jobs": int(jobs[1]),
    } | {
        "first_plan": first["cpu"],
        "plan": again["cpu"],
        "plan_mb": again["mb"],
    }


def stub(study: Study) -> None:
    """Train one network for `stub_script.py` to copy, and put that in the place of STUBBED."""
    study.run("exp3")
    shutil.copytree(study.run_folder("exp3"), study.folder / "template")
    shutil.rmtree(study.results / "mnist")
    for stage in STUBBED:
        script = study.folder / "workflow" / "scripts" / f"{stage}.py"
        shutil.copyfile(PROJECT / "benchmarks" / "stub_script.py", script)


def own_seconds(study: Study) -> float:
    """Return the processor seconds that the stub wrote for, over all jobs."""
    logs = study.results.glob("logs/*/*/*/*.log")
    found = (re.search(r"wrote for ([\d.]+) s", log.read_text(encoding="utf-8")) for log in logs)
    return sum(float(match[1]) for match in found if match)


def executed(folder: Path, runs: int, cores: int) -> dict:
    """Return what a study of so many runs takes beside its jobs, from start to summary."""
    networks, seeds = sizes(runs)
    study = study_of(folder, networks, seeds, "disabled")
    stub(study)
    usual = ("--cores", str(cores), "-q", "all")
    trained = measured(study, "--until", "explain", "evaluate", *usual)
    own = own_seconds(study)
    told = measured(study, *usual)
    return {
        "runs": networks * seeds,
        "networks": networks,
        "seeds": seeds,
        "run_wall": trained["wall"] + told["wall"],
        "overhead": trained["cpu"] - own,
        "overhead_per_job": (trained["cpu"] - own) / (len(STUBBED) * networks * seeds),
        "own_per_job": own / (len(STUBBED) * networks * seeds),
        "pages": told["cpu"],
        "run_mb": max(trained["mb"], told["mb"]),
        "done_plan": measured(study, "-n")["cpu"],
    }


def number(value: float) -> str:
    """Return a measured number with three digits, or whole."""
    return "" if pd.isna(value) else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def markdown(table: pd.DataFrame) -> str:
    """Return the page: one row per size, the latest measurement of each column."""
    latest = table.groupby("runs").last().reset_index()
    shown = [name for name in COLUMNS if name in latest]
    cells = latest[shown].map(number)
    for name in {"runs", "networks", "seeds", "jobs"} & {*shown}:
        cells[name] = latest[name].map(lambda value: "" if pd.isna(value) else f"{value:,.0f}")
    lines = [" | ".join(COLUMNS[name] for name in shown), "|".join("--:" for _ in shown)]
    lines += [" | ".join(row) for row in cells.itertuples(index=False)]
    about = "; ".join(
        dict.fromkeys(f"{row.machine}, commit {row.commit}" for row in table.itertuples())
    )
    return (
        "# What many runs cost beside their trainings\n\n"
        f"Processor seconds and most memory of one process; n = 1 each; {about}. "
        "[What that means](../performance.md#thousands-of-runs).\n\n"
        + "".join(f"| {line} |\n" if "--:" not in line else f"|{line}|\n" for line in lines)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plan", type=int, nargs="*", default=[10, 100, 1_000, 10_000])
    parser.add_argument("--run", type=int, nargs="*", default=[])
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where the studies are left")
    parser.add_argument("--output", type=Path, default=PROJECT / "results" / "scale")
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    file = given.output / "scale.csv"
    with tempfile.TemporaryDirectory(prefix="blocklab-scale-") as temporary:
        folder = given.folder or Path(temporary)
        tasks = [(planned, runs, ()) for runs in given.plan]
        tasks += [(executed, runs, (given.cores,)) for runs in given.run]
        for measure, runs, more in tasks:
            row = measure(folder / f"{measure.__name__}_{runs}", runs, *more) | about()
            print(row, flush=True)
            old = [pd.read_csv(file)] if file.exists() else []
            pd.concat([*old, pd.DataFrame([row])]).to_csv(file, index=False)
    (given.output / "scale.md").write_text(markdown(pd.read_csv(file)), encoding="utf-8")


def about() -> dict:
    """Return the machine and the commit."""
    machine = (
        f"{os.cpu_count()} cores of {processor_model()}, {described(processor_instructions())}"
    )
    return {"machine": machine, "commit": commit()}


if __name__ == "__main__":
    main()
