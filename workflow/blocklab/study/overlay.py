"""A study as one config file, which makes it again wherever it is laid over config.yaml."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def command(path: Path, gpu: int) -> str:
    """Return the command that runs the study of a config file."""
    return f"snakemake --cores 4 --resources gpu={gpu} --configfile {shlex.quote(str(path))}"


def as_overlay(config: Mapping[str, Any], path: Path) -> str:
    """Return the content of the file at `path` that holds a resolved config, every key of it.

    Networks that config.yaml has and the study does not are left out by `only`, whichever they are
    by then. The study is asked for as a whole, though this time a network may have failed.
    """
    study = {**config, "partial": False, "only": list(config["networks"])}
    text = yaml.safe_dump(study, sort_keys=False, default_flow_style=None, allow_unicode=True)
    return f"# This study with all its settings. To run it: {command(path, 1)}\n{text}"
