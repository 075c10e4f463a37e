"""docs/adding-a-block.md to the letter, in a copy of the project: what it shows is all it takes."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest
from tiny_study import PROJECT, Study

pytestmark = pytest.mark.workflow

GUIDE = (PROJECT / "docs" / "adding-a-block.md").read_text(encoding="utf-8")
# A file's name in the paragraph above, and what goes into it.
SHOWN = re.findall(
    r"`([\w/.-]+/[\w.-]+)`(?:(?!`[\w/.-]+/[\w.-]+`).)*?\n\n```\w+\n(.*?)```", GUIDE, re.DOTALL
)
TESTS = "tests/unit/networks/test_blocks.py"
MAKE_DOCS_AND_TEST = f"""
import pytest, runpy, sys
runpy.run_path("docs/generate.py", run_name="__main__")
chosen = "shape and squeeze or shape_tested or every_argument or generated_page"
files = ["{TESTS}", "tests/unit/networks/test_network.py", "tests/unit/test_documentation.py"]
sys.exit(pytest.main(["-q", "-k", chosen, *files]))
"""
COPIED = ("docs", "tests/unit", "benchmarks", "README.md", "pyproject.toml")


def test_the_page_is_all_it_takes(fresh: Study):
    for name in COPIED:
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy2
        copy(PROJECT / name, fresh.folder / name)
    files = dict(SHOWN)
    (line,) = re.findall(r"^    (    \(.*\),\n)", GUIDE, re.MULTILINE)
    (command,) = re.findall(r"^    (snakemake .*)$", GUIDE, re.MULTILINE)
    assert [*files] == [
        "workflow/blocklab/networks/blocks/squeeze_excitation.py",
        "workflow/cards/squeeze_excitation.yaml",
        "studies/squeeze_excitation.yaml",
    ]
    fresh.edit(TESTS, "SHAPES = [\n", f"SHAPES = [\n{line}")
    for name, text in files.items():
        (fresh.folder / name).write_text(text, encoding="utf-8")

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=fresh.folder,
            env={"PYTHONPATH": "workflow", "PATH": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    assert "Train vgg_se, seed 0" in run("-m", *shlex.split(command), "--dry-run")
    run("-c", MAKE_DOCS_AND_TEST)
    assert "## squeeze_excitation" in (fresh.folder / "docs/blocks.md").read_text(encoding="utf-8")
