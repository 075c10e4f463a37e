"""The studies that come along are overlays of config.yaml that can be run."""

import pytest
import yaml
from snakemake.utils import update_config

from blocklab.files import PROJECT
from blocklab.study.config import resolve_config

STUDIES = sorted((PROJECT / "studies").glob("*.yaml"))


def read(path):
    return yaml.safe_load(path.read_text("utf-8"))


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_is_valid_has_a_folder_of_its_own_and_says_how_to_run_it(path):
    config = read(PROJECT / "config.yaml")
    update_config(config, read(path))
    study = resolve_config(config)
    assert study["outdir"] == f"results/{path.stem}"
    text = path.read_text("utf-8")
    assert f"--configfile studies/{path.name}" in text or f"make {path.stem}" in text


def test_the_study_that_pages_name_for_ceilings_has_seeds_of_every_network():
    config = read(PROJECT / "config.yaml")
    networks = list(config["networks"])
    update_config(config, read(PROJECT / "studies" / "explain.yaml"))
    study = resolve_config(config)
    assert study["seeds"]["count"] >= 2 and list(study["networks"]) == networks
