"""What training took of the machine."""

import pandas as pd

from blocklab.report.words import number_text


def costs(networks: pd.DataFrame) -> pd.DataFrame:
    """Return a row per network of what its training jobs took; dashes where it is unknown."""
    mebi = 2**20
    columns = {
        "s per epoch": ("seconds_per_epoch", 1, "{:.2f}"),
        "µs per image": ("seconds_per_image", 1e6, "{:.1f}"),
        "job wall time (s)": ("wall_seconds", 1, "{:.1f}"),
        "job CPU time (s)": ("cpu_seconds", 1, "{:.1f}"),
        "peak memory (MiB)": ("peak_memory_bytes", 1 / mebi, "{:.0f}"),
        "GPU use (%)": ("gpu_utilisation_percent", 1, "{:.0f}"),
        "GPU memory access (%)": ("gpu_memory_access_percent", 1, "{:.0f}"),
        "GPU allocated (MiB)": ("gpu_allocated_bytes", 1 / mebi, "{:.0f}"),
        "GPU reserved (MiB)": ("gpu_reserved_bytes", 1 / mebi, "{:.0f}"),
        "GPU samples": ("gpu_samples", 1, "{:.0f}"),
    }
    table = {"network": networks["network"]}
    for title, (name, factor, form) in columns.items():
        table[title] = [number_text(value * factor, form) for value in networks[name].astype(float)]
    return pd.DataFrame(table)
