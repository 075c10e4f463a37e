"""The benchmark's rows as a page."""

import pandas as pd
import torch

EPOCHS, EPOCH_IMAGES = 10, 60_000  # the homework's job, for which the whole time is computed


def study(table: pd.DataFrame) -> pd.DataFrame:
    """Return the time of all networks' ten epochs, one after another, by loop that has them all."""
    whole = table.groupby("loop")["network"].transform("size") == table["network"].nunique()
    total = table[whole].groupby("loop", sort=False)["job_seconds"].sum().reset_index()
    total["speed_up"] = total["job_seconds"].iloc[0] / total["job_seconds"]
    return total


def markdown(table: pd.DataFrame, near: pd.DataFrame, machine: dict) -> str:
    """Return the report; `near` has a row per network, or none."""
    lines = [
        "# Training loops side by side",
        "",
        f"{machine['processor']}, instructions: {machine['instructions']}; {machine['device']}; "
        f"torch {torch.__version__}; commit {machine['commit']}; medians of "
        f"n = {table['rounds'].iloc[0]} epochs per loop in alternation (slowest to fastest).",
        "",
        "`speed-up` compares images per second with the first loop. The one-off cost is what comes "
        "before and in the first epoch beyond an epoch's time: start, imports, compiling, capture. "
        f"The job is {EPOCHS} epochs of {EPOCH_IMAGES:,} images, computed from the two; for jobs "
        "or seeds that run at once it is the time divided by their number. `step memory` is the "
        "peak beyond what the process held with its data, before it had a network; on a GPU it is "
        "what torch reserved, graphs included, and what JAX used. JAX and Keras have the images in "
        "memory, resized once; one job of theirs has all cores, jobs side by side have one each.",
        "",
        *(
            f"{name} is left out: {', '.join(packages)} not installed "
            "(`benchmarks/requirements.txt`).\n"
            for name, packages in machine["left_out"].items()
        ),
        "| network | loop | precision | images/s | speed-up | one-off (s) | job (s) | peak (MiB) "
        "| step memory (MiB) |",
        "|:--|:--|:--|--:|--:|--:|--:|--:|--:|",
    ]
    for row in table.itertuples():
        lines.append(
            f"| {row.network} | {row.loop} | {row.precision} "
            f"| {row.images_per_second:,.0f} ({row.slowest:,.0f} to {row.fastest:,.0f}) "
            f"| {row.speed_up:.1f} | {row.one_off_seconds:.1f} | {row.job_seconds:,.0f} "
            f"| {row.peak_bytes / 2**20:,.0f} | {row.step_bytes / 2**20:,.0f} |"
        )
    if table["network"].nunique() > 1:
        lines += ["", "## All networks together", "", "| loop | jobs (s) | speed-up |"]
        lines += ["|:--|--:|--:|"]
        lines += [
            f"| {row.loop} | {row.job_seconds:,.0f} | {row.speed_up:.1f} |"
            for row in study(table).itertuples()
        ]
    if len(near):
        lines += ["", *_how_far(near)]
    return "\n".join(lines) + "\n"


def _how_far(near: pd.DataFrame) -> list[str]:
    first = near.iloc[0]
    lines = [
        "## How far from the machine",
        "",
        f"One step of one Blocklab job, alone, {first.precision}. `bytes alone`: the time, as a "
        "part of the step's, to copy as many bytes as its operations read and write, operation by "
        "operation in arrays of that size, so that each is granted the fastest cache that could "
        f"hold its tensors ({first.cached_rate / 1e9:,.0f} GB/s at 1 MiB, "
        f"{first.memory_rate / 1e9:,.0f} GB/s at 256 MiB). `multiplications alone`: the same for "
        "its convolutions and matrix products at the rate of a convolution of 128 channels "
        f"({first.convolution_rate / 1e9:,.0f} GFLOP/s); `multiplying` is what they take in the "
        "step. What neither explains is exponentials, narrow convolutions, starting operations.",
        "",
        "| network | step (ms) | MB/image | bytes alone | MFLOP/image | multiplications alone "
        "| multiplying |",
        "|:--|--:|--:|--:|--:|--:|--:|",
    ]
    for row in near.itertuples():
        multiplying = row.multiplying_seconds / row.step_seconds
        lines.append(
            f"| {row.network} | {row.step_seconds * 1e3:.2f} "
            f"| {row.bytes / row.batch_size / 1e6:.2f} "
            f"| {row.bytes_seconds / row.step_seconds:.0%} "
            f"| {row.flops / row.batch_size / 1e6:.2f} "
            f"| {row.flops_seconds / row.step_seconds:.0%} "
            f"| {'–' if pd.isna(multiplying) else format(multiplying, '.0%')} |"
        )
    return lines
