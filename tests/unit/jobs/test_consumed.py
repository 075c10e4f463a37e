"""A job that reads runs refuses those that were trained otherwise than is planned."""

import json
from pathlib import Path

import numpy as np
import pytest

from blocklab.errors import UserError
from blocklab.files import write_arrays
from blocklab.jobs.consumed import check_consumed

PLANNED = {
    "settings": {"network": {"name": "vgg"}, "input_shape": [1, 32, 32], "training": {"epochs": 2}},
    "dataset": {"name": "mnist", "training_size": 300},
    "evaluation": {"shifts": 0},
    "explanation": {"steps": 50, "target": "margin"},
}


@pytest.fixture
def run(tmp_path):
    """A function: what the provenance.json says -> a file of that run."""

    def made(record: object, seed: int = 0) -> str:
        folder = tmp_path / "vgg" / f"seed{seed}"
        folder.mkdir(parents=True)
        (folder / "provenance.json").write_text(json.dumps(record), encoding="utf-8")
        return str(folder / "weights.safetensors")

    return made


def changed(**sections: dict) -> dict:
    return json.loads(json.dumps(PLANNED)) | sections


def test_a_run_that_is_as_planned_is_read(run, tmp_path):
    files = [str(tmp_path / "data.safetensors"), run(PLANNED | {"seed": 0, "commit": "abc"})]
    check_consumed(files, {"vgg": PLANNED})


@pytest.mark.parametrize(
    ("record", "difference"),
    [
        (
            changed(settings=PLANNED["settings"] | {"training": {"epochs": 3}}),
            "training.epochs: 3, not 2",
        ),
        (
            changed(dataset={"name": "mnist", "training_size": 200}),
            "dataset.training_size: 200, not 300",
        ),
        (changed(settings=PLANNED["settings"] | {"classes": 10}), "classes: 10, not null"),
        (changed(settings={}), 'network: null, not {"name":"vgg"}'),
        (changed(dataset={"name": "x" * 99, "training_size": 300}), "other dataset.name"),
    ],
)
def test_a_run_of_other_settings_is_refused_in_one_line(run, tmp_path, record, difference):
    files = [run(PLANNED), run(record, seed=1)]
    with pytest.raises(UserError) as error:
        check_consumed(files, {"vgg": PLANNED})
    folder = tmp_path / "vgg" / "seed1"
    assert str(error.value) == (
        f"{folder} was trained otherwise than is planned ({difference}), perhaps by a job that "
        f"was left alone when its snakemake ended; to train it anew: rm -r {folder}"
    )


def test_what_has_no_record_is_not_judged(run, tmp_path):
    for record, seed in (([], 0), ({}, 1)):
        check_consumed([run(record, seed)], {"vgg": PLANNED})
    check_consumed([str(tmp_path / "vgg" / "seed9" / "history.csv")], {"vgg": PLANNED})
    check_consumed([run({"settings": {}}, 2)], {"csp": PLANNED})


@pytest.mark.parametrize(
    ("name", "settings", "difference"),
    [
        ("predictions.npz", {"shifts": 1}, "evaluation.shifts: 1, not 0"),
        ("attributions.npz", {"steps": 9, "target": "margin"}, "explanation.steps: 9, not 50"),
        ("attributions.npz", {"steps": 50}, 'explanation.target: null, not "margin"'),
    ],
)
def test_what_was_computed_by_other_settings_is_refused_in_one_line(
    run, name, settings, difference
):
    file = Path(run(PLANNED)).with_name(name)
    write_arrays(file, values=np.zeros(3), settings=json.dumps(settings))
    with pytest.raises(UserError) as error:
        check_consumed([str(file)], {"vgg": PLANNED})
    assert str(error.value) == (
        f"{file} was computed otherwise than is planned ({difference}), perhaps by a job that was "
        f"left alone when its snakemake ended; to compute it anew: rm {file}"
    )


def test_what_was_computed_as_planned_or_says_nothing_is_read(run):
    file = Path(run(PLANNED)).with_name("predictions.npz")
    for arrays in ({"settings": json.dumps(PLANNED["evaluation"])}, {"logits": np.zeros(3)}):
        write_arrays(file, **arrays)
        check_consumed([str(file)], {"vgg": PLANNED})
    file.write_bytes(b"PK")  # whoever reads it says that it is damaged
    check_consumed([str(file)], {"vgg": PLANNED})
