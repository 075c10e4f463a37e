"""The complete study: every promised file is there, and the files agree with each other."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors import safe_open
from tiny_study import NETWORKS, Study

from blocklab import load_network
from blocklab.data.datasets import DATASETS
from blocklab.data.formats.idx import read_idx
from blocklab.data.prepared import load
from blocklab.data.sources import fetch
from blocklab.files import sha256
from blocklab.report.aggregation import JOB_RESOURCES, MEASURED
from blocklab.report.figures.catalogue import FIGURES
from blocklab.report.page.document import DRAWN, HELD

pytestmark = pytest.mark.workflow

OF_A_RUN = {
    "weights.safetensors",
    "history.csv",
    "resources.json",
    "samples.csv",
    "provenance.json",
    "metrics.csv",
    "predictions.npz",
    "attributions.npz",
    "explanation.csv",
    "perturbation.csv",
    "randomisation.csv",
    "tracking.json",
}
TABLES = ("runs.csv", "networks.csv", "explanations.csv", "agreement.csv")
FOR_FIGURES_AND_PAGE = {"histories.csv", "confusion.csv", "provenance.json", "summary.md"}
FOR_FIGURES_AND_PAGE |= {"misses.csv"}
FOR_FIGURES_AND_PAGE |= {"baselines.csv", "perturbation.csv", "randomisation.csv", "votes.csv"}
OF_THE_REPORT = {"report.html", *TABLES, *(f"figures/{figure}.png" for figure in FIGURES)}
LOGS_OF_A_RUN = ("train", "evaluate", "explain", "track")
LOGS = {
    "data/mnist",
    "aggregate",
    "compare_explanations",
    "structure",
    "summary",
    "report",
    *FIGURES,
}
HISTORY = ["seed", "epoch", "acc", "loss", "validation_acc", "validation_loss", "seconds"]
RECALLS = [f"recall_{digit}" for digit in range(10)]
SIZE = [
    "test_images",
    "parameters",
    "flops",
    "activations",
    "bytes_moved",
    "residuals",
    "active_residuals",
    "largest_kernel",
]
TIMES = ["seconds_per_epoch", "seconds_per_image"]


def test_every_promised_file_is_there_and_nothing_unfinished(finished: Study):
    logs = {f"logs/{name}.log" for name in LOGS}
    promised = {"data/mnist.safetensors", "data/mnist.json", *OF_THE_REPORT, *FOR_FIGURES_AND_PAGE}
    promised.add("config.yaml")
    for network in NETWORKS:
        promised |= {f"figures/structure/{network}{of}.svg" for of in ("", "_block")}
        promised |= {f"mnist/{network}/seed0/{file}" for file in OF_A_RUN}
        logs |= {f"logs/mnist/{network}/seed0/{stage}.log" for stage in LOGS_OF_A_RUN}
    there = {
        str(path.relative_to(finished.results)): path.stat().st_size
        for path in finished.results.rglob("*")
        if path.is_file() and "tracking" not in path.parts
    }
    assert set(there) == promised | logs
    # A log may be empty: where nothing is worth a line, nothing is said.
    assert [path for path in promised if there[path] == 0] == []


def test_the_manifest_describes_real_mnist(finished: Study):
    manifest = json.loads((finished.results / "data" / "mnist.json").read_text("utf-8"))
    assert manifest["raw_sha256"] == dict(DATASETS["mnist"].sha256)
    assert manifest["sizes"] == {"training": 300, "validation": 100, "test": 100}
    data = finished.results / "data" / "mnist.safetensors"
    assert manifest["sha256"] == sha256(data)
    with safe_open(data, framework="np") as file:
        assert file.get_slice("training_images").get_shape() == [300, 1, 32, 32]
        assert np.bincount(file.get_tensor("test_labels")).tolist() == [
            10, 11, 10, 10, 10, 9, 10, 10, 10, 10
        ]  # fmt: skip


@pytest.mark.parametrize("network", NETWORKS)
def test_the_files_of_one_network(finished: Study, network: str):
    folder = finished.run_folder(network)
    history = pd.read_csv(folder / "history.csv")
    metrics = pd.read_csv(folder / "metrics.csv")
    assert list(history.columns) == HISTORY
    assert history["epoch"].tolist() == [1, 2]
    assert list(metrics.columns) == ["network", "seed", *MEASURED, *RECALLS, *SIZE]
    assert metrics[["network", "seed"]].values.tolist() == [[network, 0]]
    shared = ["acc", "loss", "validation_acc", "validation_loss"]
    assert metrics.loc[0, shared].tolist() == pytest.approx(history.loc[1, shared].tolist())

    with safe_open(folder / "weights.safetensors", framework="np") as file:
        last = max(name for name in file.keys() if name.endswith("linear.bias"))  # noqa: SIM118
        assert file.get_slice(last).get_shape() == [10]
    with np.load(folder / "predictions.npz", allow_pickle=False) as file:
        assert file["validation_logits"].shape == file["test_logits"].shape == (100, 10)
        right = file["test_logits"].argmax(axis=1) == file["test_labels"]
        assert metrics.loc[0, "test_acc"] == right.mean()
        assert file["test_confusion"].shape == (10, 10)
        assert np.trace(file["test_confusion"]) == right.sum()

    resources = json.loads((folder / "resources.json").read_text("utf-8"))
    assert set(JOB_RESOURCES) <= set(resources)
    assert resources["wall_seconds"] > history["seconds"].sum()
    samples = pd.read_csv(folder / "samples.csv")
    assert list(samples.columns) == ["seconds", "cpu_percent", "memory_bytes"]
    assert (samples["memory_bytes"] <= resources["peak_memory_bytes"]).all()
    provenance = json.loads((folder / "provenance.json").read_text("utf-8"))
    assert provenance["data_sha256"] == sha256(finished.results / "data" / "mnist.safetensors")
    assert provenance["settings"]["network"]["name"] == network
    assert provenance["seed"] == 0
    assert provenance["resumed_after_epoch"] == 0
    assert provenance["command"] == (
        "snakemake --cores 4 --resources gpu=1 --configfile tests/workflow/tiny.yaml"
    )
    assert "networks.blocks.basic" in provenance["code"].split()[1].split(",")


def test_a_log_of_the_run_is_short_and_ends_with_the_answer(finished: Study):
    lines = finished.output.read_text("utf-8").splitlines()
    assert len(lines) < 25, lines
    trained = [line for line in lines if " trained in " in line]
    assert sorted(line.split()[0] for line in trained) == sorted(NETWORKS)
    assert all(" % of validation images right" in line for line in trained)
    best, baseline, page = lines[-3:]
    assert best.startswith("Best of 2 networks: ")
    assert baseline.startswith("Baseline: exp3, ")
    assert page.startswith("Read on: results/tiny/report.")


def test_all_networks_explain_the_same_images(finished: Study):
    files = {
        network: np.load(finished.run_folder(network) / "attributions.npz", allow_pickle=False)
        for network in NETWORKS
    }
    one = files["exp3"]
    assert int(one["gallery"]) == 10
    assert one["labels"].tolist()[:10] == list(range(10))
    assert one["images"].shape == (14, 1, 32, 32)
    for file in files.values():
        for name in ("indices", "images", "labels"):
            np.testing.assert_array_equal(file[name], one[name])
        assert file["attributions"].shape == (14, 1, 32, 32)
        assert file["randomised"].shape == (10, 1, 32, 32)
        assert file["baseline_attributions"].shape == (3, 10, 1, 32, 32)
        assert file["delta"].shape == file["predictions"].shape == (14,)
        assert np.abs(file["attributions"]).max() > 0
    with safe_open(finished.results / "data" / "mnist.safetensors", framework="np") as file:
        prepared = dict(
            zip(file.get_tensor("test_indices"), file.get_tensor("test_images"), strict=True)
        )
    for index, image in zip(one["indices"], one["images"], strict=True):
        np.testing.assert_array_equal(prepared[index], image)


def test_a_network_says_of_a_picture_what_its_run_says(finished: Study, tmp_path):
    run = finished.run_folder("csp")
    network = load_network(run)
    assert "csp, seed 0, trained for 2 epochs on" in str(network)
    indices = load(finished.results / "data" / "mnist.safetensors").test.indices[:20]
    pictures = read_idx(fetch("mnist", "auto", None).paths["t10k-images-idx3-ubyte"])
    with np.load(run / "predictions.npz") as arrays:
        logits = arrays["test_logits"].reshape(-1, 10)
    for index, expected in zip(indices, logits, strict=False):
        Image.fromarray(pictures[index]).save(tmp_path / "digit.png")
        answer = network.classify(tmp_path / "digit.png")
        assert answer.class_name == str(expected.argmax())
        found = [answer.probabilities[name] for name in "0123456789"]
        np.testing.assert_allclose(found, np.exp(expected) / np.exp(expected).sum(), atol=1e-5)


def test_the_tables_gather_every_run(finished: Study):
    runs = pd.read_csv(finished.results / "runs.csv")
    columns = ["network", "seed", *MEASURED, *RECALLS, *SIZE, *TIMES, *JOB_RESOURCES]
    assert list(runs.columns) == columns
    assert runs["network"].tolist() == list(NETWORKS)
    networks = pd.read_csv(finished.results / "networks.csv")
    intervals = [f"{name}{end}" for name in MEASURED for end in ("", "_low", "_high")]
    intervals += ["test_acc_sd"]
    compared = ["difference", "difference_low", "difference_high", "p_value", "never_predicted"]
    expected = ["network", "baseline", "best", "seeds", *intervals, *RECALLS, *SIZE, *TIMES]
    assert list(networks.columns) == [*expected, *JOB_RESOURCES, *compared]
    assert networks["network"].tolist() == list(NETWORKS)
    assert networks["seeds"].tolist() == [1, 1, 1]
    assert networks.loc[networks["baseline"], "network"].tolist() == ["exp3"]
    candidates = networks[~networks["baseline"]]
    best = candidates.sort_values(["validation_acc", "parameters"], ascending=[False, True])
    assert networks.loc[networks["best"], "network"].tolist() == [best["network"].iloc[0]]
    for name in ("acc", "test_loss", "parameters", "wall_seconds"):
        assert networks[name].tolist() == runs[name].tolist()
    histories = pd.read_csv(finished.results / "histories.csv")
    assert list(histories.columns) == ["network", *HISTORY]
    assert histories["network"].tolist() == [name for name in NETWORKS for _ in range(2)]
    confusion = pd.read_csv(finished.results / "confusion.csv")
    assert confusion.groupby("network")["images"].sum().to_dict() == dict.fromkeys(NETWORKS, 100)
    explanations = pd.read_csv(finished.results / "explanations.csv")
    assert explanations["network"].tolist() == list(NETWORKS)
    agreement = pd.read_csv(finished.results / "agreement.csv")
    pairs = agreement[["network_a", "network_b"]].to_numpy().tolist()
    assert ["exp3", "vgg"] in pairs and ["csp", "brightness"] in pairs
    assert (
        agreement["agreement"].isna() == (agreement["network_a"] == agreement["network_b"])
    ).all()
    assert agreement["ceiling"].isna().all()  # of one seed
    for name in ("perturbation", "randomisation"):
        gathered = pd.read_csv(finished.results / f"{name}.csv")
        assert gathered["network"].unique().tolist() == list(NETWORKS)


def test_the_summary_names_the_best_shows_its_figures_and_how_to_repeat_it(finished: Study):
    text = (finished.results / "summary.md").read_text("utf-8")
    networks = pd.read_csv(finished.results / "networks.csv")
    best = networks.loc[networks["best"], "network"].iloc[0]
    assert f"**{best}** is the best by validation accuracy" in text
    images = re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)
    figures = {Path(image).stem for image in images if image.endswith(".png")}
    assert figures == {*FIGURES} - {"timeline"}  # that is of interest to whoever mends the workflow
    for image in images:
        content = (finished.results / image).read_bytes()
        assert content.startswith(b"\x89PNG" if image.endswith(".png") else b"<svg"), image
    assert "snakemake --cores 4 --resources gpu=0 --configfile results/tiny/config.yaml" in text
    assert not re.search(r"\bnan\b|\bNone\b|Undefined|\{\{|\{%", text)
    assert str(finished.folder) not in text
    page = (finished.results / "report.html").read_text("utf-8")
    drawn = set(re.findall(r'<figure id="figure-\w+" data-figure="(\w+)"', page))
    assert drawn == DRAWN
    assert page.count('src="data:image/png;base64,') == len(figures - drawn - HELD)
    assert page.count('src="data:image/svg+xml;base64,') == len(images) - len(figures)
    assert f"<strong>{best}</strong>" in page and str(finished.folder) not in page
    assert re.findall(r"^### (exp3|vgg|csp)$", text, re.MULTILINE) == list(NETWORKS)


def test_wandb_mirrors_metrics_and_history(finished: Study):
    folder = finished.run_folder("vgg")
    receipt = json.loads((folder / "tracking.json").read_text("utf-8"))
    assert receipt["warning"] is None
    shown = subprocess.run(
        [sys.executable, "-m", "wandb", "leet", "inspect", "--summary", "--json", receipt["id"]],
        cwd=folder / "tracking",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert shown.returncode == 0, shown.stderr
    logged = json.loads(shown.stdout)
    assert logged["name"] == "tiny vgg seed 0"
    assert logged["config"]["study"] == "tiny"
    assert logged["config"]["dataset"]["training_images"] == 300
    assert logged["config"]["training"]["epochs"] == 2
    summary = logged["summary"]
    metrics = pd.read_csv(folder / "metrics.csv").iloc[0]
    for key in ("acc", "loss", "test_acc", "test_loss"):
        assert summary[key] == pytest.approx(metrics[key])
    for name in ("heatmap", "confusion"):
        image = folder / "tracking" / receipt["id"] / "files" / summary[name]["path"]
        assert image.read_bytes().startswith(b"\x89PNG")
    samples = pd.read_csv(folder / "samples.csv")
    content = b"".join(path.read_bytes() for path in (folder / "tracking").rglob("*.wandb"))
    assert content.count(b"samples/memory_bytes") >= len(samples)


def test_the_report_works_offline_and_every_item_of_it_is_explained(study: Study):
    front, shipped = report(study)
    assert set(shipped) == {f"results/tiny/{file}" for file in OF_THE_REPORT}
    for path, (entry, content) in shipped.items():
        assert content == (study.folder / path).read_bytes()
        # The table and the figure of agreement need names of their own.
        name = {"agreement.csv": "agreement_of_pairs"}.get(Path(path).name, Path(path).stem)
        caption = (study.folder / "workflow" / "report" / f"{name}.rst").read_text("utf-8")
        opening = " ".join(caption.partition("{{")[0].split()[:4])
        shown = " ".join(re.sub(r"<[^>]+>", "", entry["caption"]).split())
        assert shown.startswith(opening)
        assert "{{" not in shown
        assert entry["labels"]
    assert "contentPath:results[decodeURIComponent('results/tiny/report.html')].data_uri" in front
    assert "This report holds the study of 3 networks on mnist" in front
    assert "older than the study" not in front


def test_a_report_of_what_has_changed_since_says_so(study: Study):
    study.configure({"explanation": {"steps": 5}})
    told, _ = report(study)
    assert "This report is older than the study is now." in told
    assert "would run again: agreement, compare_explanations, deletion_curves, explain," in told
    assert "This report holds the study" not in told


def report(study: Study) -> tuple[str, dict[str, tuple[dict, bytes]]]:
    """Return the report's front page, and by path what it says of each result and holds of it."""
    nowhere = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    done = study.snakemake("--report", "report.zip", **nowhere)
    assert done.returncode == 0, done.stdout
    with zipfile.ZipFile(study.folder / "report.zip") as archive:
        page = archive.read("report/report.html").decode("utf-8")
        front, results = (
            json.JSONDecoder().raw_decode(page, page.index(start) + len(start) - 1)[0]
            for start in ('var workflow_desc = "', "var results = {")
        )
        return " ".join(front.split()), {
            path: (entry, archive.read(f"report/{entry['data_uri']}"))
            for path, entry in results.items()
        }
