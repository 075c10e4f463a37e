"""The benchmark's rows as a page."""

import pandas as pd
import torch

EPOCHS, EPOCH_IMAGES = 10, 60_000  # the homework's job, for which the whole time is computed


def study(table: pd.DataFrame) -> pd.DataFrame:
    """Return the time of all networks' ten epochs, one after another, by loop."""
    total = table.groupby("loop", sort=False)["job_seconds"].sum().reset_index()
    total["speed_up"] = total["job_seconds"].iloc[0] / total["job_seconds"]
    return total


def markdown(table: pd.DataFrame, machine: dict) -> str:
    """Return the report."""
    lines = [
        "# Training loops side by side",
        "",
        f"{machine['processor']}, {machine['device']}; torch {torch.__version__}; "
        f"commit {machine['commit']}; medians of n = {table['rounds'].iloc[0]} epochs per loop in "
        "alternation (slowest to fastest).",
        "",
        "`speed-up` compares images per second with the first loop. The one-off cost is what comes "
        "before and in the first epoch beyond an epoch's time: start, imports, compiling, capture. "
        f"The job is {EPOCHS} epochs of {EPOCH_IMAGES:,} images, computed from the two; for jobs "
        "or seeds that run at once it is the time divided by their number. `step memory` is the "
        "peak beyond what the process held before its first step.",
        "",
        "| network | loop | images/s | speed-up | one-off (s) | job (s) | peak (MiB) "
        "| step memory (MiB) |",
        "|:--|:--|--:|--:|--:|--:|--:|--:|",
    ]
    for row in table.itertuples():
        lines.append(
            f"| {row.network} | {row.loop} "
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
    lines += [
        "",
        "## How far from the machine",
        "",
        f"Measured here: matrix product {machine['matmul'] / 1e9:,.0f} GFLOP/s in "
        f"{machine['precision']}, copy {machine['bandwidth'] / 1e9:,.1f} GB/s. Work is counted on "
        "the plain network in float32, operation by operation, each reading its inputs from memory "
        "and writing its outputs; caches and fused operations can do better than 100 %.",
        "",
        "| network | loop | MFLOP/image | MB/image | of the matrix rate | of the bandwidth |",
        "|:--|:--|--:|--:|--:|--:|",
    ]
    for row in table.itertuples():
        flops = row.images_per_second * row.flops_per_image / machine["matmul"]
        moved = row.images_per_second * row.bytes_per_image / machine["bandwidth"]
        lines.append(
            f"| {row.network} | {row.loop} | {row.flops_per_image / 1e6:.2f} "
            f"| {row.bytes_per_image / 1e6:.2f} | {flops:.0%} | {moved:.0%} |"
        )
    return "\n".join(lines) + "\n"
