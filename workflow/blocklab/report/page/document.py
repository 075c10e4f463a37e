"""The page that people open: one HTML file that needs nothing beside it, and asks no network."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from blocklab.report.page.attributions import Run, attributions_for_page
from blocklab.report.page.embedding import as_json
from blocklab.report.page.prose import as_html

# The page's scripts, in the order in which they need each other.
SCRIPTS = (
    "elements", "numbers", "study", "networks", "tables", "axes", "curves", "costs", "colours",
    "maps", "pixel", "heatmaps", "matrix", "explained", "start",
)  # fmt: skip
# Figures that the scripts draw, and those that what they draw holds, too.
DRAWN = frozenset(
    {"learning_curves", "accuracy_against_cost", "heatmaps", "agreement", "deletion_curves"}
)
HELD = frozenset({"heatmaps_all"})
LARGEST = 4_700_000  # characters; what a run says of each image comes on top


def as_page(
    markdown: str,
    folder: Path,
    look: Path,
    study: Mapping[str, Any],
    runs: Mapping[Run, Mapping[str, np.ndarray]],
    beside: Sequence[str] = (),
) -> str:
    """Return the study as an HTML document.

    Args:
        markdown: the prose, as `as_html` takes it, with paths of figures relative to `folder`.
        look: the folder of page.html.jinja, its style and its scripts.
        study: what the scripts are given, made of what JSON can hold.
        runs: the arrays of every run's attributions.npz, in the study's order; as many of their
            maps are put in as the size of a page allows.
        beside: names of the tables that lie beside the page, which it links to.

    No name or number of the study is ever read as HTML or as a script: the text is escaped, data
    are JSON, and the browser is told by their hash to run no scripts but the page's own.
    Raises OSError for a figure that is not there.
    """
    prose = as_html(markdown, folder, DRAWN, HELD)
    style = (look / "page.css").read_text(encoding="utf-8")
    script = "".join((look / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    script = f'"use strict";\n{script}'
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    data = as_json(study)
    room = LARGEST - sum(map(len, (prose.body, style, script, data)))
    maps, parts = attributions_for_page(runs, room)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(look), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("page.html.jinja").render(
        prose=prose,
        beside=beside,
        style=style,
        script=script,
        script_sha256=digest,
        study=data,
        maps=as_json(maps),
        parts=parts,
    )
