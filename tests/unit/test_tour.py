"""docs/tour.ipynb, run as it stands there."""

import os
import re
from pathlib import Path

import nbclient
import nbformat
import pytest

DOCS = Path(__file__).parents[2] / "docs"
TOUR = nbformat.read(DOCS / "tour.ipynb", as_version=4)
CODE = [cell for cell in TOUR.cells if cell.cell_type == "code"]
SECONDS = 120


def test_the_notebook_is_kept_without_what_it_printed():
    assert not any(cell.outputs or cell.execution_count for cell in CODE)


@pytest.mark.slow
def test_the_notebook_trains_a_network_and_explains_a_digit(monkeypatch, tmp_path):
    search_path = [str(DOCS.parent / "workflow"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, search_path)))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    where = {"metadata": {"path": str(DOCS)}}
    nbclient.NotebookClient(TOUR, timeout=SECONDS, kernel_name="python3", resources=where).execute()
    outputs = [output for cell in CODE for output in cell.outputs]
    printed = "".join(output.text for output in outputs if output.get("name") == "stdout")
    assert "linear       -> 10\n" in printed
    assert int(re.search(r"right: (\d+) of 1000 test images", printed)[1]) > 800
    assert [output for output in outputs if "image/png" in output.get("data", {})]
