"""What training computes for evaluation and explanation is used where nothing has changed since."""

from types import SimpleNamespace as Made

import pandas as pd
import pytest

from blocklab.files import canonical_json, write_table
from blocklab.jobs import ahead
from blocklab.jobs.ahead import claim, compute_ahead
from blocklab.jobs.network_job import NetworkJob
from blocklab.networks.network import initialise
from blocklab.networks.weights import save_weights
from blocklab.tensors import save_tensors

pytest.importorskip("captum", reason="explanations take it")

EXPLAINED = ["attributions.npz", "explanation.csv", "perturbation.csv", "randomisation.csv"]
OUTPUTS = {"evaluate": ["metrics.csv", "predictions.npz"], "explain": EXPLAINED}
EXPLANATION = {"method": "integrated_gradients", "target": "softmax", "steps": 2}
EXPLANATION |= {"most_steps": 2, "checked": 2, "draws": 2, "batch_size": 20}
SETTINGS = {
    "training": {"loss": "cross_entropy"},
    "evaluation": {"shifts": 0},
    "explanation": EXPLANATION | {"sample": 2, "seed": 0},
}
PARAMS = {stage: {"settings": canonical_json(SETTINGS), "code": f"{stage}.py"} for stage in OUTPUTS}


@pytest.fixture
def run(tmp_path, small_layers, make_data):
    """A finished training of one seed, and what Snakemake gives its script and those after it."""
    folder, data = tmp_path / "seed3", make_data()
    folder.mkdir()
    save_weights(folder / "weights.safetensors", initialise(small_layers, 3), 3)
    write_table(
        folder / "history.csv", pd.DataFrame({"seed": [3], "epoch": [1], "acc": [0.5], "loss": [1]})
    )
    prepared = tmp_path / "data.safetensors"
    save_tensors(prepared, {"test_images": data.test.images})

    def given(stage: str, **params: str) -> Made:
        return Made(
            rule=stage,
            input=Made(data=prepared),
            output=[str(folder / name) for name in OUTPUTS.get(stage, ["weights.safetensors"])],
            params=Made(ahead=PARAMS, **PARAMS.get(stage, {}) | params),
            resources={"gpu" if stage == "train" else "shared_gpu": 0},
            threads=1,
        )

    job = NetworkJob("small", small_layers, (1, 8, 8), {3: folder}, data, "cpu", SETTINGS)
    return Made(folder=folder, prepared=prepared, job=job, given=given)


def names(run) -> set[str]:
    return {path.name for path in run.folder.iterdir()} - {"weights.safetensors", "history.csv"}


def test_what_was_computed_is_put_in_place_once_and_nothing_else_is_left(run):
    compute_ahead(run.given("train"), run.job)
    assert names(run) == {"ahead"}
    for stage in OUTPUTS:
        assert claim(run.given(stage))
        assert not claim(run.given(stage))  # asked for again, a job computes again
    assert names(run) == {*OUTPUTS["evaluate"], *OUTPUTS["explain"]}
    assert pd.read_csv(run.folder / "metrics.csv")["network"].tolist() == ["small"]


CHANGES = {
    "settings": lambda run: {"settings": canonical_json(SETTINGS | {"more": 1})},
    "code": lambda run: {"code": "edited"},
    "weights": lambda run: save_weights(
        run.folder / "weights.safetensors", initialise(run.job.layers, 4), 3
    ),
    "history": lambda run: (run.folder / "history.csv").write_text("seed,epoch,acc,loss\n3,1,1,1"),
    "data": lambda run: save_tensors(run.prepared, {"test_images": run.job.data.test.images + 1}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_no_longer_fits_is_removed_and_not_used(run, change):
    compute_ahead(run.given("train"), run.job)
    params = CHANGES[change](run)
    for stage in OUTPUTS:
        assert not claim(run.given(stage, **params if isinstance(params, dict) else {}))
    assert names(run) == set()


def test_a_failure_is_left_to_the_job_itself(run, monkeypatch, caplog):
    def fail(*_):
        raise ValueError("no image to explain")

    writers = ahead._writers()
    monkeypatch.setattr(ahead, "_writers", lambda: writers | {"explain": fail})
    with caplog.at_level("INFO"):
        compute_ahead(run.given("train"), run.job)
    assert "seed 3: explain is left to its job: no image to explain" in caplog.text
    assert claim(run.given("evaluate"))
    assert not claim(run.given("explain"))
    assert names(run) == set(OUTPUTS["evaluate"])


def test_what_a_training_was_killed_at_is_not_tried_again(run, monkeypatch):
    def die(*_):
        raise KeyboardInterrupt  # no Exception, as little as a signal is

    monkeypatch.setattr(ahead, "_writers", lambda: dict.fromkeys(OUTPUTS, die))
    with pytest.raises(KeyboardInterrupt):
        compute_ahead(run.given("train"), run.job)
    compute_ahead(run.given("train"), run.job)
    assert names(run) == set()
