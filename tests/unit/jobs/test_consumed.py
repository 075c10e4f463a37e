"""A job that reads runs refuses those that were trained otherwise than is planned."""

import json

import pytest

from blocklab.errors import UserError
from blocklab.jobs.consumed import check_consumed

PLANNED = {
    "settings": {"network": {"name": "vgg"}, "input_shape": [1, 32, 32], "training": {"epochs": 2}},
    "dataset": {"name": "mnist", "training_size": 300},
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
        (changed(settings=PLANNED["settings"] | {"classes": 10}), "other settings"),
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
