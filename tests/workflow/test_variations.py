"""Studies that differ from the usual one, and parts of a study, run for real."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open
from tiny_study import Study

from blocklab.data.datasets import DATASETS

pytestmark = pytest.mark.workflow

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")


@pytest.mark.parametrize("network", ["exp3", "csp"])
@pytest.mark.parametrize("trained_together", [[3, 4], [5]])
def test_a_job_trains_a_pack_of_seeds(varied: Study, network: str, trained_together: list[int]):
    for seed in trained_together:
        folder = varied.run_folder(network, f"seed{seed}")
        resources, provenance = (
            json.loads((folder / f"{name}.json").read_text("utf-8"))
            for name in ("resources", "provenance")
        )
        assert resources["seeds"] == trained_together
        assert provenance["seed"] == seed
        assert pd.read_csv(folder / "history.csv")["seed"].tolist() == [seed] * 5
        assert pd.read_csv(folder / "metrics.csv")["seed"].tolist() == [seed]
        with np.load(folder / "attributions.npz", allow_pickle=False) as file:
            assert file["seed"] == seed
            assert file["attributions"].shape == (14, 1, 32, 32)
    logs = varied.results / "logs" / "mnist" / network
    told = [(logs / f"seed{seed}" / "train.log").read_text("utf-8") for seed in trained_together]
    assert all(f"seed {seed} epoch 5/5" in told[0] for seed in trained_together)
    assert len(set(told)) == 1, "a job has one log, which its seeds share"


# Which seeds of both networks a job would train.
TRAININGS = {
    "more seeds": ({"seeds": {"count": 6}}, ["seeds 6-7", "seed 8"]),
    "fewer seeds": ({"seeds": {"count": 2}}, []),
    "other packs": ({"seeds": {"per_job": 8}}, []),
    "more epochs": ({"training": {"epochs": 6}}, ["seeds 3-4", "seed 5"]),
    "more epochs, other packs": (
        {"training": {"epochs": 6}, "seeds": {"count": 2, "per_job": 8}},
        ["seeds 3-4"],
    ),
}


@pytest.mark.parametrize(("change", "expected"), TRAININGS.values(), ids=TRAININGS)
def test_a_seed_is_trained_once_whatever_is_trained_beside_it(
    varied: Study, tmp_path: Path, change: dict[str, Any], expected: list[str]
):
    study = varied.copy_to(tmp_path / "project")
    study.configure(change)
    planned = study.plan("--resources", "gpu=0")
    trained = {job for job in planned if job.startswith("Train ")}
    assert trained == {
        f"Train {network}, {seeds}" for network in ("exp3", "csp") for seeds in expected
    }


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (["--until", "train"], {f"Train {network}, seeds 6-7" for network in ("exp3", "csp")}),
        (["csp", "--until", "evaluate"], {"Train csp, seeds 6-7"}),
        (
            ["csp", "--forceall"],
            {"Train csp, seeds 3-4", "Train csp, seeds 5-6", "Train csp, seed 7"},
        ),
    ],
)
def test_seeds_share_jobs_whatever_asks_for_them(
    varied: Study, tmp_path: Path, asked: list[str], expected: set[str]
):
    study = varied.copy_to(tmp_path / "project")
    study.configure({"seeds": {"count": 5}})
    planned = study.plan(*asked, "--resources", "gpu=0")
    assert {job for job in planned if job.startswith("Train ")} == expected
    assert "--forceall" in asked or not any(job.startswith("Explain") for job in planned)


def test_of_a_pack_the_seed_that_is_missing_is_trained_alone(varied: Study, tmp_path: Path):
    study = varied.copy_to(tmp_path / "project")
    (study.run_folder("csp", "seed4") / "weights.safetensors").unlink()
    study.configure({"networks": {"exp3": {"batch_size": 60}}})
    planned = study.plan("exp3", "csp", "--resources", "gpu=0")
    trained = {job for job in planned if job.startswith("Train ")}
    assert trained == {"Train csp, seed 4", "Train exp3, seeds 3-4", "Train exp3, seed 5"}


def test_without_a_gpu_granted_a_job_runs_on_the_processor(varied: Study):
    for folder in (varied.results / "mnist").glob("*/*"):
        assert json.loads((folder / "resources.json").read_text("utf-8"))["device"] == "cpu"


def test_several_seeds_give_means_and_intervals(varied: Study):
    runs = pd.read_csv(varied.results / "runs.csv")
    assert runs[["network", "seed"]].values.tolist() == [
        [network, seed] for network in ("exp3", "csp") for seed in (3, 4, 5)
    ]
    assert runs["test_cross_entropy"].nunique() == 6
    networks = pd.read_csv(varied.results / "networks.csv")
    assert networks["seeds"].tolist() == [3, 3]
    assert networks["loss"].tolist() == pytest.approx(
        [runs.loc[runs["network"] == network, "loss"].mean() for network in networks["network"]]
    )
    assert (networks["loss_low"] < networks["loss"]).all()
    assert (networks["loss"] < networks["loss_high"]).all()
    assert "Means over 3 seeds" in (varied.results / "summary.md").read_text("utf-8")


def test_without_a_validation_split_the_test_images_sort(varied: Study):
    history = pd.read_csv(varied.run_folder("csp", "seed5") / "history.csv")
    assert history[["validation_acc", "validation_loss"]].isna().all(axis=None)
    assert history[["acc", "loss"]].notna().all(axis=None)
    summary = (varied.results / "summary.md").read_text("utf-8")
    assert "**csp** is the one network beside the baseline" in summary
    assert "There is no validation split: sorted by accuracy on the 100 test images." in summary
    assert not re.search(r"\bnan\b", summary)


def test_a_disabled_tracker_leaves_no_trace(varied: Study):
    assert not list(varied.results.rglob("*track*"))
    assert varied.plan("--resources", "gpu=0") == set()


@pytest.mark.skipif(
    not FASHION_MNIST.is_dir(), reason=f"needs Debian's dataset-fashion-mnist in {FASHION_MNIST}"
)
def test_fashion_mnist_needs_no_more_than_its_name(fresh: Study):
    fresh.configure({"dataset": {"name": "fashion_mnist", "directory": str(FASHION_MNIST)}})
    fresh.run("prepare_data")
    manifest = json.loads((fresh.results / "data" / "fashion_mnist.json").read_text("utf-8"))
    assert manifest["raw_sha256"] == dict(DATASETS["fashion_mnist"].sha256)
    assert manifest["class_names"][9] == "Ankle boot"
    with safe_open(fresh.results / "data" / "fashion_mnist.safetensors", framework="np") as file:
        assert file.get_slice("test_images").get_shape() == [100, 1, 32, 32]
    assert any("Train vgg" in job for job in fresh.plan())


def test_no_shell_takes_a_folders_name_for_a_command(fresh: Study):
    outdir = "results/a b;touch pwned&$(touch pwned)`touch pwned`|'\""
    fresh.configure({"outdir": outdir})
    fresh.run("prepare_data")
    assert (fresh.folder / outdir / "data" / "mnist.json").is_file()
    assert not list(fresh.folder.rglob("pwned"))
