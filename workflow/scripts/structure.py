"""Draw how every network is built, and what is inside of its blocks."""

import json

from blocklab.files import write_atomically
from blocklab.jobs.job import as_job
from blocklab.report.structure.block import draw_blocks
from blocklab.report.structure.chain import draw_network

with as_job(snakemake):
    structures = json.loads(snakemake.params.structures)
    for name, chain, blocks in zip(
        snakemake.params.networks, snakemake.output.networks, snakemake.output.blocks, strict=True
    ):
        # Where torch was missing when the study was planned, nothing is known of its modules.
        known = structures[name] or {"layers": [], "blocks": []}
        for path, drawing in (
            (chain, draw_network(name, known["layers"])),
            (blocks, draw_blocks(name, known["blocks"])),
        ):
            with write_atomically(path) as temporary:
                temporary.write_text(drawing, encoding="utf-8")
