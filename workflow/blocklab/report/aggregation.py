"""Many runs become the tables of the study."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from blocklab.evaluation.metrics import collect_confusions
from blocklab.report.statistics import difference_p_value, holm, mean_interval, proportion_interval

MEASURED = (
    "acc", "loss", "validation_acc", "validation_loss", "validation_cross_entropy",
    "test_acc", "test_loss", "test_cross_entropy",
)  # fmt: skip
OF_THE_JOB = (
    "wall_seconds", "cpu_seconds", "peak_memory_bytes", "gpu_utilisation_percent",
    "gpu_memory_access_percent", "gpu_samples", "gpu_allocated_bytes", "gpu_reserved_bytes",
    "device", "threads",
)  # fmt: skip


def collect_runs(folders: Sequence[Path]) -> pd.DataFrame:
    """Return one row per network and seed from every run folder's metrics, history, resources.

    seconds_per_epoch is the median over a seed's epochs, seconds_per_image that divided by the
    number of training images. The other resources are those of the whole job: a pack's seeds
    share them.
    """
    tables = []
    for folder in folders:
        metrics = pd.read_csv(folder / "metrics.csv")
        history = pd.read_csv(folder / "history.csv")
        resources = json.loads((folder / "resources.json").read_text(encoding="utf-8"))
        metrics["seconds_per_epoch"] = metrics["seed"].map(
            history.groupby("seed")["seconds"].median()
        )
        metrics["seconds_per_image"] = metrics["seconds_per_epoch"] / resources["training_images"]
        tables.append(metrics.assign(**{name: resources[name] for name in OF_THE_JOB}))
    return pd.concat(tables, ignore_index=True)


def collect_histories(histories: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
    """Return the rows of the history.csv files of every network, its name in front, in order."""
    tables = []
    for network, paths in histories.items():
        for path in paths:
            # The default parser may miss the last bit.
            table = pd.read_csv(path, float_precision="round_trip")
            table.insert(0, "network", network)
            tables.append(table)
    return pd.concat(tables, ignore_index=True)


def collect_confusions_table(folders: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
    """Return the test images of every network by true and predicted class, summed over seeds.

    Columns network, true_class, predicted_class and images: one row per cell, none left out.
    """
    tables = []
    for network, packs in folders.items():
        counts = collect_confusions(packs).sum(axis=0)
        true, predicted = np.indices(counts.shape).reshape(2, -1)
        tables.append(
            pd.DataFrame(
                {
                    "network": network,
                    "true_class": true,
                    "predicted_class": predicted,
                    "images": counts.ravel(),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def summarise_networks(
    runs: pd.DataFrame, right: Mapping[str, np.ndarray], baseline: str
) -> pd.DataFrame:
    """Return one row per network, in the order of `right`: means, 95 % intervals, who is best.

    `right` holds, by network, what `evaluation.collect_right` returns. With several seeds an
    interval is `statistics.mean_interval` over seeds. With one seed it is, for test accuracy alone,
    Wilson's interval over the test images; other limits are NaN. test_acc_sd is the standard
    deviation over seeds. difference is the test accuracy minus the best network's, with its
    interval paired by seed; p_value tests it, Holm-corrected. Both are NaN for the best.
    """
    best = choose_best(runs, baseline)
    rows = []
    for network in right:
        group = runs[runs["network"] == network]
        row: dict[str, object] = {
            "network": network,
            "baseline": network == baseline,
            "best": network == best,
            "seeds": len(group),
        }
        images = int(group["test_images"].iloc[0])
        for name in MEASURED:
            least_spread = 1 / images if name == "test_acc" else 0.0
            mean, low, high = mean_interval(group[name].to_numpy(), least_spread)
            if name == "test_acc" and len(group) == 1:
                low, high = proportion_interval(mean, images)
            most = 1.0 if name.endswith("acc") else np.inf
            low, high = np.clip([low, high], 0.0, most)  # which Student's interval may leave
            row |= {name: mean, f"{name}_low": low, f"{name}_high": high}
        row["test_acc_sd"] = group["test_acc"].std(ddof=1)
        rest = group.columns.drop([*MEASURED, "network", "seed"])
        rows.append(row | {name: _typical(group[name]) for name in rest})
    table = pd.DataFrame(rows)
    others = [network for network in right if network != best]
    p_values = holm([difference_p_value(right[best], right[other]) for other in others])
    differences = {
        network: mean_interval(
            right[network].mean(axis=1) - right[best].mean(axis=1),
            least_spread=1 / right[best].shape[1],
        )
        for network in others
    }
    for position, column in enumerate(("difference", "difference_low", "difference_high")):
        table[column] = [
            differences[network][position] if network in differences else np.nan
            for network in table["network"]
        ]
    table["p_value"] = table["network"].map(dict(zip(others, p_values, strict=True)))
    return table


def choose_best(runs: pd.DataFrame, baseline: str) -> str:
    """Return the candidate with the highest mean validation accuracy; ties go to the smaller.

    Without a validation split, test accuracy decides, as it did in the homework.
    """
    candidates = runs[runs["network"] != baseline].groupby("network")
    table = candidates.agg(
        score=(selection_column(runs), "mean"), parameters=("parameters", "first")
    )
    table = table.sort_values(["score", "parameters"], ascending=[False, True], kind="stable")
    return str(table.index[0])


def selection_column(table: pd.DataFrame) -> str:
    """Return the column that the best network is chosen on."""
    return "test_acc" if table["validation_acc"].isna().any() else "validation_acc"


def _typical(values: pd.Series) -> object:
    """Return the one value that all seeds share, or else the mean; NaN for texts that differ."""
    if values.nunique(dropna=False) == 1:
        return values.iloc[0]
    return values.mean() if pd.api.types.is_numeric_dtype(values) else np.nan
