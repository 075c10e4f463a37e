"""When which job ran: the study's jobs as bars, one row per core, from the ends of their logs."""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from blocklab.report.figures.style import COLOURS, LOOK
from blocklab.study.runs import span

WORKED = re.compile(r"worked from (\d+\.\d+) to (\d+\.\d+)$", re.MULTILINE)
LONGEST_IDLE = 20.0  # seconds; longer, and the study was continued later
NARROWEST_LABEL = 0.013  # of the figure's width, per letter


@rc_context(LOOK)
def draw(logs: Mapping[str, Mapping[str, str]]) -> Figure:
    """Return the jobs as bars; `logs` maps stages, and in each what a job was for, to its log.

    Where nothing ran for a while, because the study was continued later, that time is cut out.
    Jobs whose log is gone or does not say when they ran are left out.
    """
    jobs = _read_jobs(logs)
    if jobs.empty:
        figure = Figure(figsize=(8.6, 1.3))
        figure.text(0.5, 0.5, "no log says when its job ran", ha="center", va="center")
        return figure
    minutes = jobs["end"].max() > 180
    unit = 60 if minutes else 1
    rows = _lanes(jobs)
    stages = list(dict.fromkeys(jobs["stage"]))
    colours = {stage: COLOURS[i % len(COLOURS)] for i, stage in enumerate(stages)}
    figure = Figure(figsize=(8.6, 1.3 + 0.42 * (max(rows) + 1)), layout="constrained")
    axes = figure.subplots()
    whole = jobs["end"].max() / unit
    for job, lane in zip(jobs.itertuples(), rows, strict=True):
        start, length = job.start / unit, (job.end - job.start) / unit
        axes.barh(
            lane, length, left=start, height=0.78,
            color=colours[job.stage], edgecolor="white", linewidth=0.6,
        )  # fmt: skip
        if job.name and length > NARROWEST_LABEL * len(job.name) * whole:
            axes.text(
                start + length / 2, lane, job.name, ha="center", va="center", color="white", size=8
            )
    axes.set(xlim=(0, whole), ylim=(max(rows) + 0.5, -0.5), yticks=[])
    axes.set_xlabel(f"{'minutes' if minutes else 'seconds'} since the first job started")
    axes.set_ylabel("jobs at a time")
    axes.yaxis.grid(False)
    axes.spines["left"].set_visible(False)
    figure.legend(
        handles=[Patch(color=colours[stage], label=stage) for stage in stages],
        loc="outside upper center", ncols=len(stages), frameon=False,
    )  # fmt: skip
    return figure


def _read_jobs(logs: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    """Return one row per job: stage, name, start and end in seconds from the first start."""
    rows = []
    for stage, files in logs.items():
        for name, path in files.items():
            text = Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""
            found = WORKED.search(text)
            if found:
                rows.append((stage, name, *map(float, found.groups())))
    jobs = pd.DataFrame(rows, columns=["stage", "name", "start", "end"])
    # Seeds that were trained together share a log: 'vgg 0', 'vgg 1' and 'vgg 2' become 'vgg 0-2'.
    jobs = jobs.groupby(["stage", "start", "end"], sort=False)["name"].agg(_together).reset_index()
    jobs = jobs.sort_values("start", ignore_index=True)
    busy_until = jobs["end"].cummax().shift(fill_value=jobs["start"].min())
    idle = (jobs["start"] - busy_until).clip(lower=0)
    cut = idle.where(idle > LONGEST_IDLE, 0).cumsum() + jobs["start"].min()
    return jobs.assign(start=jobs["start"] - cut, end=jobs["end"] - cut)


def _together(names: pd.Series) -> str:
    parts = names.str.extract(r"^(\w+) (\d+)$")
    if parts.isna().any(axis=None) or parts[0].nunique() > 1:  # two that happen to coincide
        return ", ".join(names)
    return f"{parts[0].iloc[0]} {span(sorted(parts[1].astype(int)))}"


def _lanes(jobs: pd.DataFrame) -> list[int]:
    """Return the row of each job, the first that is free when it starts; `jobs` sorted by start."""
    free_from: list[float] = []
    lanes = []
    for start, end in zip(jobs["start"], jobs["end"], strict=True):
        free = (lane for lane, time in enumerate(free_from) if time <= start)
        lane = next(free, len(free_from))
        free_from[lane : lane + 1] = [end]
        lanes.append(lane)
    return lanes
