"""The study's figures, one entry each.

A figure is the module of its name beside this one, with a function `draw` that takes what `reads`
names and returns a matplotlib Figure, and its caption in workflow/report/NAME.rst. Rule, log, what
timeline and summary wait for, and the path on the page follow from the entry. What can be read is
listed in workflow/rules/figures.smk. Snakemake's own process imports this: nothing heavy here.
"""

from typing import NamedTuple


class Entry(NamedTuple):
    """A figure's title, and the names of what its `draw` takes."""

    title: str
    reads: tuple[str, ...]


FIGURES = {
    "accuracy": Entry("accuracy of every network", ("networks", "runs")),
    "heatmaps_small": Entry(
        "attributions of one image, every network",
        ("networks", "attributions", "manifest", "explanation"),
    ),
    "learning_curves": Entry("learning curves", ("histories", "networks")),
    "accuracy_against_cost": Entry("test error against cost", ("networks",)),
    "recall": Entry("recall of every class", ("networks", "confusion", "manifest")),
    "misses": Entry(
        "images that the best network gets wrong", ("networks", "misses", "data", "manifest")
    ),
    "heatmaps": Entry(
        "attributions, baseline and best",
        ("networks", "attributions", "manifest", "explanation"),
    ),
    "heatmaps_all": Entry(
        "attributions, every network", ("attributions", "manifest", "explanation")
    ),
    "mean_maps": Entry(
        "mean attributions of every class", ("attributions_by_seed", "manifest", "explanation")
    ),
    "agreement": Entry("agreement of explanations", ("networks", "agreement")),
    "deletion_curves": Entry(
        "deletion and insertion curves", ("networks", "perturbation", "explanations")
    ),
    "resource_use": Entry("use of processor and GPU over time", ("samples", "networks")),
    "timeline": Entry("timeline of the jobs", ("logs",)),
}
