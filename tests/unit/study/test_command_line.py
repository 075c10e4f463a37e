"""What was typed after --config is what the study gets."""

import copy
from typing import Any

import pytest
import yaml
from snakemake.cli import parse_config
from snakemake.utils import update_config

from blocklab.errors import UserError
from blocklab.files import PROJECT
from blocklab.study.command_line import with_given
from blocklab.study.config import resolve_config

NETWORKS = "exp3, vgg, bottleneck, transformer, csp, sppf"


def study(*typed: str, **from_files: Any) -> dict[str, Any]:
    """The resolved config of `snakemake --config TYPED...`, merged as Snakemake merges it."""
    config = yaml.safe_load((PROJECT / "config.yaml").read_text("utf-8")) | from_files
    given = parse_config(typed)
    update_config(config, copy.deepcopy(given))
    return resolve_config(with_given(config, given))


@pytest.mark.parametrize(
    ("typed", "section", "expected"),
    [
        ("seeds={count: 5}", "seeds", {"first": 0, "count": 5, "per_job": 8}),
        ("partial=true", "partial", True),
        ("partial=True", "partial", True),
    ],
)
def test_values_are_of_the_kind_that_the_schema_wants(typed, section, expected):
    found = study(typed)[section]
    assert (found, type(found)) == (expected, type(expected))


def test_several_keys_of_a_section_beside_what_files_gave():
    training = study("training={epochs: 2, learning_rate: 1e-3, deterministic: yes}")["training"]
    assert (training["epochs"], training["learning_rate"]) == (2, 0.001)
    assert training["deterministic"] is True
    assert training["optimizer"] == "adam"


def test_null_and_text_that_looks_like_something_else():
    config = study(
        "dataset={training_size: null, directory: null}",
        "tracking={entity: '007', project: '12'}",
    )
    assert config["dataset"]["training_size"] is None
    assert config["dataset"]["directory"] is None
    assert (config["tracking"]["entity"], config["tracking"]["project"]) == ("007", "12")


def test_networks_with_lists_and_networks_taken_out():
    config = study(
        "networks={vgg: null, tiny: {batch_size: 50, layers: [{conv: {out: 4, bias: true}}, "
        "{maxpool: 4}, flatten, {linear: {out: classes}}]}}"
    )
    assert "vgg" not in config["networks"]
    assert config["networks"]["tiny"]["batch_size"] == 50
    assert config["networks"]["tiny"]["layers"] == [
        {"conv": {"out": 4, "bias": True}},
        {"maxpool": 4},
        "flatten",
        {"linear": {"out": "classes"}},
    ]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("seeds={count: many}", "seeds.count: 'many' is text; it must be a whole number"),
        ("seeds={count: 2.5}", "seeds.count: 2.5 is a number; it must be a whole number"),
        ("baseline=2024", f"baseline: there is no network '2024'; it may be {NETWORKS}"),
        (
            "training={learning_rate: snan}",
            "training.learning_rate: 'snan' is text; it must be a number",
        ),
        ("seeds=5", "seeds: 5 is a number; it must be a mapping of keys"),
        ("partial=maybe", "partial: 'maybe' is text; it must be true or false"),
        ("training={epoch: 2}", "training.epoch: unknown key; did you mean 'epochs'?"),
        ("training={loss: ]}", "training: '{loss: ]}' is text; it must be a mapping of keys"),
    ],
)
def test_what_cannot_be_meant_is_one_line(typed, message):
    with pytest.raises(UserError) as caught:
        study(typed)
    assert str(caught.value) == message


def test_a_quoted_number_in_a_file_stays_a_mistake():
    with pytest.raises(UserError, match=r"seeds\.count: '5' is text; it must be a whole number"):
        study("partial=true", seeds={"count": "5"})
