# A rule for every figure of blocklab/report/figures/catalogue.py, under the figure's name.


def logs_of_jobs():
    """Logs by stage and by what the job is for; the tracker's and the page's come too late."""
    logs = {"prepare data": {"": f"{OUT}/logs/data/{DATASET}.log"}}
    for stage in ("train", "evaluate", "explain"):
        logs[stage] = {
            network if len(SEEDS) == 1 else f"{network} {seed}": (
                f"{RUN_LOG}/{stage}.log".format(network=network, seed=seed)
            )
            for network in NETWORKS
            for seed in SEEDS
        }
    logs["report"] = {
        name: f"{OUT}/logs/{name}.log"
        for name in ["aggregate", "compare_explanations", *not_of_logs()]
    }
    return logs


def not_of_logs():
    """The figures that can be drawn while jobs still write logs."""
    return [name for name, figure in FIGURES.items() if "logs" not in figure.reads]


# What a figure can read: files, which are its rule's inputs,
READABLE_FILES = {
    "runs": rules.aggregate.output.runs,
    "networks": rules.aggregate.output.networks,
    "histories": rules.aggregate.output.histories,
    "confusion": rules.aggregate.output.confusion,
    "misses": rules.aggregate.output.misses,
    "explanations": rules.compare_explanations.output.explanations,
    "agreement": rules.compare_explanations.output.agreement,
    "perturbation": rules.compare_explanations.output.perturbation,
    "manifest": MANIFEST,
    "data": DATA,
    # One file per network: its first seed is the one that is shown.
    "samples": expand(f"{RUN}/samples.csv", network=NETWORKS, seed=SEEDS[0]),
    "attributions": expand(f"{RUN}/attributions.npz", network=NETWORKS, seed=SEEDS[0]),
    "attributions_by_seed": file_of_every_run("attributions.npz"),
}
# and values, which are its rule's params. Logs are among these because Snakemake 9.27.1, given
# them as inputs, trains a network again whose log was deleted when the timeline is to be drawn.
READABLE_VALUES = {
    "explanation": {key: config["explanation"][key] for key in ("method", "target")},
    "logs": logs_of_jobs(),
}
# The last that is made before the logs are read.
BEFORE_LOGS = [
    rules.compare_explanations.output.explanations,
    *expand(FIGURE, name=not_of_logs()),
]


def files_read(figure):
    """The names of a figure's files; of very many networks, networks.csv says which are drawn."""
    names = [name for name in figure.reads if name not in READABLE_VALUES]
    return dict.fromkeys([*names, "networks"]) if names else []


for name, figure in FIGURES.items():

    rule:
        name:
            name
        input:
            *(BEFORE_LOGS if "logs" in figure.reads else []),
            **{key: READABLE_FILES[key] for key in files_read(figure)},
        output:
            report(
                FIGURE.format(name=name),
                caption=f"../report/{name}.rst",
                category="Figures",
                labels={"figure": figure.title},
            ),
        log:
            f"{OUT}/logs/{name}.log",
        localrule: True
        conda:
            "../../envs/report.yaml"
        params:
            networks=NETWORKS,
            values={
                key: READABLE_VALUES[key]
                for key in figure.reads
                if key in READABLE_VALUES
            },
            code=code("figure.py", f"report.figures.{name}"),
        message:
            f"Draw {figure.title}"
        script:
            "../scripts/figure.py"
