"""Keep a finished study in docs/: its pages and tables, and what it takes to check them.

    python docs/record.py results/seeds docs/reference-study "Two cores of ..., beside other work."

The text, where there is one, is put above the summary: what a reader must know of this run.
Beside copies of what was made for readers this writes `predictions.npz` and `attributions.npz`, in
which the arrays of all runs lie together: for every network NAME predicted_NAME uint8 or int16
[S, N], the class that each seed's network took each test image for, and maps_NAME float16
[S, M, C, H, W], attributions as in the runs' own files. S: seeds in `seeds`; N: test images, with
their classes in `labels`; M: explained images, which are `images`, of the classes `labels`, at the
positions `indices` of the raw test set.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd

PAGES = ("summary.md", "report.html", "config.yaml", "*.csv", "provenance.json", "figures/**/*.*")


def record(study: Path, folder: Path, note: str = "") -> None:
    """Write the record of the study in the outdir `study` to `folder`, in place of an old one."""
    shutil.rmtree(folder, ignore_errors=True)
    for pattern in PAGES:
        for file in sorted(study.glob(pattern)):
            copy = folder / file.relative_to(study)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    if note:
        summary = folder / "summary.md"
        summary.write_text(f"*{note}*\n\n{summary.read_text('utf-8')}", encoding="utf-8")
    runs = pd.read_csv(study / "runs.csv").groupby("network", sort=False)["seed"].apply(list)
    [dataset] = {path.parents[2].name for path in study.glob("*/*/seed*/predictions.npz")}
    predictions, attributions = {}, {}
    for network, seeds in runs.items():
        folders = [study / dataset / network / f"seed{seed}" for seed in seeds]
        predicted = []
        for run in folders:
            with np.load(run / "predictions.npz") as arrays:
                predicted.append(arrays["test_logits"].argmax(axis=1))
                small = np.uint8 if arrays["test_logits"].shape[1] <= 256 else np.int16
                predictions |= {"seeds": seeds, "labels": arrays["test_labels"].astype(small)}
        predictions[f"predicted_{network}"] = np.array(predicted, small)
        maps = []
        for run in folders:
            with np.load(run / "attributions.npz") as arrays:
                maps.append(arrays["attributions"].astype(np.float16))
                attributions |= {key: arrays[key] for key in ("images", "labels", "indices")}
        attributions |= {"seeds": seeds, f"maps_{network}": np.array(maps)}
    np.savez_compressed(folder / "predictions.npz", **predictions)
    np.savez_compressed(folder / "attributions.npz", **attributions)


if __name__ == "__main__":
    record(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
