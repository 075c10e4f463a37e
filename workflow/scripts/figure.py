"""Draw the figure that the rule is named after."""

from blocklab.jobs.job import as_job
from blocklab.report.figures.drawing import draw_figure
from blocklab.report.figures.style import save

with as_job(snakemake):
    figure = draw_figure(
        snakemake.rule,
        dict(snakemake.input.items()),
        snakemake.params.networks,
        snakemake.params.values,
    )
    save(figure, snakemake.output[0])
