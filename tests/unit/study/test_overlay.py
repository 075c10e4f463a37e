"""The copy of a config, laid over config.yaml, is the same study."""

import copy

import pytest
import yaml
from snakemake.utils import update_config

from blocklab.files import PROJECT
from blocklab.study.config import resolve_config
from blocklab.study.overlay import as_overlay

TINY = {
    "batch_size": 50,
    "layers": [{"conv": {"out": 4}}, "flatten", {"linear": {"out": "classes"}}],
}


def resolved(*overlays):
    config = yaml.safe_load((PROJECT / "config.yaml").read_text("utf-8"))
    for overlay in overlays:
        update_config(config, copy.deepcopy(overlay))
    return resolve_config(config)


def as_file(config, folder):
    path = folder / "my results" / "config.yaml"
    text = as_overlay(config, path)
    assert text.startswith("# This study with all its settings. To run it: snakemake --cores 4 ")
    assert f"--configfile '{path}'\n" in text
    return yaml.safe_load(text)


@pytest.mark.parametrize(
    "overlay",
    [
        {},
        {
            "networks": {"csp": None, "sppf": None, "tiny": TINY},
            "training": {"learning_rate": 1e-5},
        },
        {"only": ["vgg", "csp"], "partial": True, "tracking": {"mode": "disabled"}},
        {"dataset": {"training_size": 300, "test_size": 100}, "seeds": {"count": 3}},
    ],
    ids=["as committed", "other networks", "some networks", "other sizes"],
)
def test_the_copy_is_the_study(overlay, tmp_path):
    study = resolved(overlay)
    again = resolved(as_file(study, tmp_path))
    assert list(again["networks"]) == list(study["networks"])
    words = ("partial", "only")  # how it was asked for, not what it is
    assert {k: v for k, v in again.items() if k not in words} == {
        k: v for k, v in study.items() if k not in words
    }


def test_networks_that_config_yaml_gets_later_are_not_of_the_study(tmp_path):
    file = as_file(resolved({}), tmp_path)
    later = {"networks": {"later": TINY, "vgg": TINY | {"batch_size": 7, "card": "c3"}}}
    again = resolved(later, file)
    assert again["networks"] == resolved({})["networks"]
