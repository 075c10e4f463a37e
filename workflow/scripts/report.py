"""Write the page that people open: the summary's prose, with tables, curves and heatmaps to use."""

from pathlib import Path

import pandas as pd

from blocklab.data.manifest import read_manifest
from blocklab.files import write_atomically
from blocklab.jobs.job import as_job
from blocklab.report.aggregation import read_networks
from blocklab.report.arrays import Arrays
from blocklab.report.page.document import as_page
from blocklab.report.page.tables import tables_for_page
from blocklab.report.shown import hidden_networks, without

with as_job(snakemake):
    files, page = snakemake.input, Path(snakemake.output.page)
    networks = read_networks(files.networks)
    hidden = hidden_networks(networks)
    attributions = zip(snakemake.params.networks, map(Arrays, files.attributions), strict=True)
    runs = {
        (network, int(arrays["seed"])): arrays
        for network, arrays in attributions
        if network not in hidden
    }
    names = ("histories", "agreement", "perturbation", "randomisation")
    tables = {name: without(pd.read_csv(files[name]), hidden) for name in names}
    study = tables_for_page(without(networks, hidden), **tables)
    study["class_names"] = read_manifest(files.manifest)["class_names"]
    study["method"] = snakemake.params.method.replace("_", " ").title()
    markdown = Path(files.summary).read_text(encoding="utf-8")
    beside = [file.name for file in map(Path, files) if file.parent == page.parent]
    beside = [name for name in beside if name.endswith(".csv")]
    html = as_page(markdown, page.parent, Path(files.look[0]).parent, study, runs, beside)
    with write_atomically(page) as temporary:
        temporary.write_text(html, encoding="utf-8")
