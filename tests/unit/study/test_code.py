"""The fingerprints change with meaning, and with nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from blocklab.errors import UserError
from blocklab.study.code import code_fingerprint

FILES = {
    "__init__.py": "",
    "network.py": "import torch\nfrom lab.blocks import conv\n\nSIZE = 3\n",
    "blocks/__init__.py": "",
    "blocks/conv.py": "from . import pooling\nfrom ..files import write\n",
    "blocks/pooling.py": '"""Pooling."""\n\ndef pool(x):\n    """Pool."""\n    return x\n',
    "files.py": "def write():\n    import lab.errors\n",
    "errors.py": "class Oops(Exception):\n    '''An error.'''\n",
    "figures.py": "import lab.network as network\n",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "lab" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "lab"


def edit(package: Path, name: str, old: str, new: str) -> None:
    text = (package / name).read_text()
    assert old in text
    (package / name).write_text(text.replace(old, new))


@pytest.mark.parametrize(
    "name, old, new",
    [
        ("network.py", "SIZE = 3", "SIZE = 4"),
        ("blocks/conv.py", "import pooling", "import pooling as p"),
        ("blocks/pooling.py", "return x", "return 2 * x"),
        ("files.py", "def write", "def  write_all"),
        ("errors.py", "Exception", "ValueError"),
    ],
)
def test_a_change_of_code_in_any_imported_module_counts(package, name, old, new):
    before = code_fingerprint(package, ["network"])
    edit(package, name, old, new)
    assert code_fingerprint(package, ["network"]) != before


@pytest.mark.parametrize("name", ["__init__.py", "blocks/__init__.py"])
def test_the_packages_on_the_way_count(package, name):
    before = code_fingerprint(package, ["blocks.pooling"])
    (package / name).write_text("x = 1\n")
    assert code_fingerprint(package, ["blocks.pooling"]) != before


def test_a_change_elsewhere_does_not_count(package):
    before = code_fingerprint(package, ["network"])
    edit(package, "figures.py", "as network", "as n")
    (package / "new.py").write_text("x = 1\n")
    assert code_fingerprint(package, ["network"]) == before


def test_comments_docstrings_formatting_and_touch_do_not_count(package):
    before = code_fingerprint(package, ["network"])
    edit(package, "network.py", "SIZE = 3", "# how large\nSIZE  =  (3)")
    edit(package, "blocks/pooling.py", '"""Pooling."""', '"""All about\npooling."""')
    edit(package, "blocks/pooling.py", '    """Pool."""\n', "")
    edit(package, "errors.py", "'''An error.'''", "pass")
    os.utime(package / "files.py", (1, 1))
    assert code_fingerprint(package, ["network"]) == before


def test_the_order_of_the_given_modules_does_not_count(package):
    one = code_fingerprint(package, ["network", "figures", "errors"])
    assert one == code_fingerprint(package, iter(["errors", "network", "figures", "network"]))
    assert one != code_fingerprint(package, ["network", "errors"])


def test_modules_that_import_each_other_end(package):
    edit(package, "errors.py", "class", "from . import network\nclass")
    assert len(code_fingerprint(package, ["network"])) == 64


@pytest.mark.parametrize(
    "line", ["import lab.nets", "from lab.nets import x", "from .nets import x"]
)
def test_an_unknown_module_is_named(package, line):
    with pytest.raises(KeyError, match=r"lab has no module 'blocks\.cnv'"):
        code_fingerprint(package, ["blocks.cnv"])
    edit(package, "figures.py", "import lab.network as network", line)
    with pytest.raises(KeyError, match="lab has no module 'nets'"):
        code_fingerprint(package, ["figures"])


def test_a_syntax_error_is_one_line_with_file_and_line(package):
    edit(package, "network.py", "SIZE = 3", "SIZE = = 3")
    with pytest.raises(UserError, match=r"network\.py, line 4: not valid Python: ") as caught:
        code_fingerprint(package, ["network"])
    assert "\n" not in str(caught.value)


def test_nothing_heavy_is_imported():
    code = "import sys, blocklab.study.code; print(*sys.modules)"
    workflow = Path(__file__).parents[3] / "workflow"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(workflow)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"torch", "numpy", "pandas", "snakemake", "wandb"} & set(run.stdout.split())
