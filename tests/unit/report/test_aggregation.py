"""The two tables of the study, from made-up runs."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from blocklab.files import write_arrays, write_json, write_table
from blocklab.report.aggregation import (
    Predictions,
    by_network,
    choose_best,
    collect_histories,
    collect_predictions,
    collect_runs,
    never_predicted,
    read_networks,
    summarise_networks,
    tabulate_confusion,
)
from blocklab.report.statistics import mean_interval

RESOURCES = dict(device="cpu", device_name="a processor", threads=1, training_images=500)
RESOURCES |= dict(wall_seconds=30.0, cpu_seconds=28.0, peak_memory_bytes=2**30)
RESOURCES |= dict(gpu_utilisation_percent=None, gpu_memory_access_percent=None, gpu_samples=None)
RESOURCES |= dict(gpu_allocated_bytes=None, gpu_reserved_bytes=None)


def metrics(network: str, seed: int = 0, **changes) -> dict:
    row = {"network": network, "seed": seed, "acc": 0.9, "loss": 1.5}
    for split in ("validation", "test"):
        row |= {f"{split}_acc": 0.9, f"{split}_loss": 1.5, f"{split}_cross_entropy": 0.3}
    return row | {"recall_0": 0.9, "parameters": 100, "test_images": 10} | changes


def right(*accuracies: float) -> Predictions:
    """Return predictions of 10 images of one class, that many of them right, a row per seed."""
    correct = np.arange(10) < 10 * np.array(accuracies)[:, None]
    return Predictions(~correct, correct, np.zeros(10, int), np.full((len(accuracies), 1, 1), 10))


def wrong(counts: np.ndarray) -> Predictions:
    """Return predictions of 10 images, none of them right, with these confusion matrices."""
    classes = np.zeros((len(counts), 10), int)
    return Predictions(classes, classes, np.ones(10, int), counts)


def confusion(*never: int, seeds: int = 1) -> np.ndarray:
    """Return confusion matrices of 8 classes, of which the last seed never predicts some."""
    confusion = np.ones((seeds, 8, 8), int)
    confusion[-1][:, list(never)] = 0
    return confusion


def collect(folders) -> pd.DataFrame:
    """Return what `collect_runs` makes of all that the folders hold."""
    files = ("metrics.csv", "history.csv", "resources.json")
    return collect_runs(*([folder / file for folder in folders] for file in files))


def write_run(folder, rows: list[dict], seconds: dict[int, list[float]], **resources):
    write_table(folder / "metrics.csv", pd.DataFrame(rows))
    history = [
        {"seed": seed, "epoch": epoch, "seconds": value}
        for seed, values in seconds.items()
        for epoch, value in enumerate(values, start=1)
    ]
    write_table(folder / "history.csv", pd.DataFrame(history))
    write_json(folder / "resources.json", RESOURCES | resources)
    return folder


def test_runs_have_a_row_per_network_and_seed_with_what_it_cost(tmp_path):
    folders = [
        write_run(tmp_path / "a0", [metrics("vgg", 0)], {0: [9.0, 2.0, 3.0]}),
        write_run(tmp_path / "a1", [metrics("vgg", 1, acc=0.8)], {1: [5.0, 5.0, 5.0]}),
        write_run(tmp_path / "b", [metrics("csp")], {0: [1.0]}, wall_seconds=7.5, threads=2),
    ]
    runs = collect(folders)
    assert runs[["network", "seed"]].values.tolist() == [["vgg", 0], ["vgg", 1], ["csp", 0]]
    assert runs["acc"].tolist() == [0.9, 0.8, 0.9]
    assert runs["seconds_per_epoch"].tolist() == [3, 5, 1]  # the median, by seed
    assert runs["seconds_per_image"].tolist() == [0.006, 0.01, 0.002]
    assert runs["wall_seconds"].tolist() == [30, 30, 7.5]
    assert runs["threads"].tolist() == [1, 1, 2]
    assert runs["device"].tolist() == ["cpu"] * 3


@pytest.mark.parametrize("samples", [None, 40])
def test_what_cannot_be_known_is_not_a_number_and_a_gpus_figures_are_kept(tmp_path, samples):
    folders = [
        write_run(tmp_path / name, [metrics(name)], {0: [1.0]}, gpu_samples=samples)
        for name in ("exp3", "vgg")
    ]
    runs = collect(folders)
    networks = summarise_networks(runs, {"exp3": right(0.9), "vgg": right(0.9)}, "exp3")
    for name, table in {"runs": runs, "networks": networks}.items():
        write_table(tmp_path / f"{name}.csv", table)
        read = pd.read_csv(tmp_path / f"{name}.csv")
        known = read.filter(like="gpu_").notna().any()
        assert known[known].index.tolist() == ([] if samples is None else ["gpu_samples"])
        assert len(known) == 5
        assert read["gpu_samples"].dropna().tolist() == [samples] * 2 * bool(samples)
        assert read["peak_memory_bytes"].tolist() == [2**30] * 2
        assert read["device"].tolist() == ["cpu"] * 2


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # Validation decides, whatever the test says.
        ([metrics("vgg", validation_acc=0.95), metrics("csp", test_acc=0.99)], "vgg"),
        # The baseline is no candidate.
        ([metrics("exp3", validation_acc=1.0), metrics("vgg"), metrics("csp", acc=1)], "csp"),
        # A tie goes to the smaller network.
        ([metrics("csp", parameters=200), metrics("vgg", parameters=100)], "vgg"),
        ([metrics("csp", parameters=100), metrics("vgg", parameters=200)], "csp"),
        # The mean over seeds counts, not the best seed.
        (
            [metrics("csp", seed, validation_acc=1.0 - 0.2 * seed) for seed in (0, 1)]
            + [metrics("vgg", seed, validation_acc=0.92) for seed in (0, 1)],
            "vgg",
        ),
        # Without validation images the test decides.
        (
            [
                metrics("vgg", validation_acc=math.nan, test_acc=0.95),
                metrics("csp", validation_acc=math.nan, test_acc=0.99),
            ],
            "csp",
        ),
    ],
)
def test_choose_best(rows, expected):
    assert choose_best(pd.DataFrame(rows), "exp3") == expected


def test_one_seed_has_wilsons_interval_of_the_test_accuracy_and_no_other():
    runs = pd.DataFrame(
        [
            metrics("csp", validation_acc=0.7, test_acc=0.8),
            metrics("exp3", test_acc=0.5),
            metrics("vgg", test_acc=0.9),
        ]
    )
    predictions = dict(exp3=right(0.5), vgg=right(0.9), csp=right(0.8))
    table = summarise_networks(runs, predictions, "exp3")
    assert table["network"].tolist() == ["exp3", "vgg", "csp"]  # the study's order, not the files'
    assert table["baseline"].tolist() == [True, False, False]
    assert table["best"].tolist() == [False, True, False]
    assert table["seeds"].tolist() == [1, 1, 1]
    assert table["test_acc"].tolist() == [0.5, 0.9, 0.8]
    # Wilson's for 5 of 10.
    z = 1.959964
    half = z * math.sqrt(0.25 / 10 + z**2 / 400) / (1 + z**2 / 10)
    limits = table.loc[0, ["test_acc_low", "test_acc_high"]].tolist()
    assert limits == pytest.approx([0.5 - half, 0.5 + half], abs=1e-6)
    others = [
        column
        for column in table.columns
        if column.endswith(("_low", "_high")) and not column.startswith("test_acc_")
    ]
    assert len(others) == 16
    assert table[others].isna().all(axis=None)


def test_several_seeds_have_intervals_of_every_number_and_paired_differences():
    runs = pd.DataFrame(
        [
            metrics(network, seed, test_acc=0.9 + 0.01 * seed, loss=1.0 + seed, recall_0=0.5 * seed)
            for network in ("exp3", "vgg")
            for seed in range(3)
        ]
    )
    predictions = dict(exp3=right(0.8, 0.7, 0.6), vgg=right(0.9, 0.9, 0.9))
    table = summarise_networks(runs, predictions, "exp3")
    row = table.iloc[1]
    assert row["seeds"] == 3
    for name, values in {"test_acc": [0.9, 0.91, 0.92], "loss": [1.0, 2.0, 3.0]}.items():
        columns = [name, f"{name}_low", f"{name}_high"]
        least_spread = 1 / row["test_images"] if name == "test_acc" else 0.0
        mean, low, high = mean_interval(np.array(values), least_spread)
        expected = (mean, max(low, 0.0), min(high, 1.0) if name == "test_acc" else high)
        assert row[columns].tolist() == pytest.approx(expected, abs=1e-12)
    assert row["test_acc_sd"] == pytest.approx(0.01)
    assert row["recall_0"] == 0.5
    assert row["parameters"] == 100
    # Differences of 0.1, 0.2 and 0.3, see test_statistics.
    t = 2 * math.sqrt(3)
    assert table["p_value"][0] == pytest.approx(1 - t / math.sqrt(t**2 + 2))
    paired = table.loc[0, ["difference", "difference_low", "difference_high"]].tolist()
    assert paired == pytest.approx(mean_interval(np.array([-0.1, -0.2, -0.3])), abs=1e-12)
    assert table.loc[1, ["difference", "difference_low", "difference_high"]].isna().all()
    predictions["exp3"] = right(0.9, 0.4, 0.0)
    far = summarise_networks(runs, predictions, "exp3").loc[0]
    assert far["difference_low"] == -1, "Student's interval would leave what can be"


def test_p_values_are_against_the_best_and_corrected():
    runs = pd.DataFrame(
        [metrics("exp3"), metrics("vgg", validation_acc=0.99), metrics("csp"), metrics("sppf")]
    )
    everything = dict(exp3=right(0.4), vgg=right(1.0), csp=right(0.9), sppf=right(0.2))
    table = summarise_networks(runs, everything, "exp3").set_index("network")["p_value"]
    assert math.isnan(table["vgg"])
    # McNemar: 6, 1 and 8 disagreements, all one way; Holm: times 2, 1 and 3.
    expected = {"exp3": 2 * 2 / 2**6, "csp": 1, "sppf": 3 * 2 / 2**8}
    assert {name: table[name] for name in expected} == pytest.approx(expected)


def test_paths_go_to_their_network_in_order():
    found = by_network(["vgg", "vgg", "csp"], ["a", "b", "c"])
    assert found == {"vgg": [Path("a"), Path("b")], "csp": [Path("c")]}
    with pytest.raises(ValueError, match="shorter"):
        by_network(["vgg", "csp"], ["a"])


def test_histories_are_the_networks_own_in_the_studys_order_as_they_were_written(tmp_path):
    for name, seeds in {"b": [0], "a1": [0, 1], "a2": [2]}.items():
        write_run(tmp_path / name, [metrics("any")], {seed: [0.1 + 0.2, 1 / 3] for seed in seeds})
    paths = {
        "vgg": [tmp_path / "b" / "history.csv"],
        "csp": [tmp_path / "a1" / "history.csv", tmp_path / "a2" / "history.csv"],
    }
    write_table(tmp_path / "histories.csv", collect_histories(paths))
    expected = ["network,seed,epoch,seconds"]
    for network, files in paths.items():
        for file in files:
            expected += [f"{network},{line}" for line in file.read_text().splitlines()[1:]]
    assert (tmp_path / "histories.csv").read_text().splitlines() == expected


def test_predictions_are_those_of_all_seeds_in_order(tmp_path):
    for seed in range(3):
        logits = np.zeros((2, 3), np.float32)
        logits[:, seed] = 1  # seed s always answers class s
        write_arrays(
            tmp_path / f"{seed}.npz",
            test_logits=logits,
            test_labels=np.array([2, 1]),
            test_confusion=np.full((3, 3), seed),
        )
    predictions = collect_predictions([tmp_path / f"{seed}.npz" for seed in range(3)])
    assert predictions.correct.tolist() == [[False, False], [False, True], [True, False]]
    assert predictions.confusion[:, 0, 0].tolist() == [0, 1, 2]
    assert np.allclose(predictions.probabilities, np.e / (np.e + 2))


def test_confusion_is_summed_over_seeds_true_class_first():
    counts = np.array([[[3, 1], [0, 2]], [[4, 0], [0, 2]]])
    table = tabulate_confusion(
        {"vgg": Predictions(counts, counts, counts, counts), "csp": right(0.5)}
    )
    assert list(table.columns) == ["network", "true_class", "predicted_class", "images"]
    assert table.values.tolist() == [
        ["vgg", 0, 0, 7], ["vgg", 0, 1, 1], ["vgg", 1, 0, 0], ["vgg", 1, 1, 4], ["csp", 0, 0, 10]
    ]  # fmt: skip


UNRECOGNISED, ABSENT = confusion(), confusion(5)
UNRECOGNISED[0, 5, 5] = 0  # predicted, but never when it is true
ABSENT[0, 5] = 0  # there are no images of it


@pytest.mark.parametrize(
    ("counts", "labels"),
    [
        (confusion(), ""),
        (confusion(5), "5"),
        (confusion(5, 7), "5 7"),
        (confusion(5, seeds=3), "5"),
        (UNRECOGNISED, ""),
        (ABSENT, ""),
    ],
)
def test_classes_never_predicted_are_told_and_read_back(tmp_path, counts, labels):
    assert never_predicted(counts) == labels
    predictions = dict(exp3=right(0.5), vgg=wrong(counts))
    runs = pd.DataFrame([metrics("exp3"), metrics("vgg")])
    write_table(tmp_path / "networks.csv", summarise_networks(runs, predictions, "exp3"))
    read = read_networks(tmp_path / "networks.csv")
    assert read["never_predicted"].tolist() == ["", labels]
    assert read["baseline"].tolist() == [True, False]
