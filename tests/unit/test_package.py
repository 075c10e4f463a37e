"""`pip install` puts all into the package that using a trained network takes."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
USE = """
import sys
import blocklab
network = blocklab.load_network(sys.argv[1])
print(blocklab.__version__, blocklab.__file__, network.name)
print(*{module.partition(".")[0] for module in sys.modules})
"""


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[=<>!~\\[ ]", line)[0] for line in requirements}


@pytest.mark.slow
def test_a_network_is_loaded_from_a_wheel_alone(tmp_path, make_run):
    run = make_run(
        yaml.safe_load((PROJECT / "config.yaml").read_text())["networks"]["vgg"]["layers"]
    )
    source, target = tmp_path / "source", tmp_path / "installed"
    shutil.copytree(
        PROJECT / "workflow" / "blocklab",
        source / "workflow" / "blocklab",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, source)
    build = [
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        tmp_path,
    ]
    subprocess.run([sys.executable, *build, source], check=True, capture_output=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(target)
    library = source / "workflow" / "blocklab"
    files = {path.relative_to(library) for path in library.rglob("*.*")}
    assert files == {
        path.relative_to(target / "blocklab") for path in (target / "blocklab").rglob("*.*")
    }

    used = subprocess.run(
        [sys.executable, "-c", USE, run],
        env={**os.environ, "PYTHONPATH": str(target)},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    first, modules = used.splitlines()
    version = PYPROJECT["project"]["version"]
    assert first == f"{version} {target / 'blocklab' / '__init__.py'} vgg"
    assert not {"captum", "matplotlib", "pandas", "platformdirs", "snakemake", "yaml"} & {
        *modules.split()
    }


def test_extras_are_among_what_is_pinned():
    wanted = names((PROJECT / "requirements.in").read_text(encoding="utf-8").splitlines())
    wanted.add("ipywidgets")  # for people, who would be warned that it is missing
    project = PYPROJECT["project"]
    for extra in (project["dependencies"], *project["optional-dependencies"].values()):
        assert names(extra) <= wanted
