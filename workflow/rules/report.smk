# Relative, so that a project that moves plans nothing; right in any working directory.
REPORT = os.path.relpath(WORKFLOW / "report")
CARDS = sorted(map(os.path.relpath, (WORKFLOW / "cards").glob("*.yaml")))


rule aggregate:
    input:
        metrics=of_every_run("metrics.csv"),
        history=of_every_run("history.csv"),
        resources=of_every_run("resources.json"),
        predictions=of_every_run("predictions.npz"),
    output:
        runs=report(f"{OUT}/runs.csv", category="Tables", labels={"table": "runs"}),
        networks=report(
            f"{OUT}/networks.csv", category="Tables", labels={"table": "networks"}
        ),
        histories=f"{OUT}/histories.csv",
        confusion=f"{OUT}/confusion.csv",
    log:
        f"{OUT}/logs/aggregate.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        folders=run_folders(),
        baseline=config["baseline"],
        code=code("aggregate.py"),
    message:
        "Aggregate all runs"
    script:
        "../scripts/aggregate.py"


rule summary:
    input:
        networks=rules.aggregate.output.networks,
        predictions=of_every_run("predictions.npz"),
        attributions=of_every_run("attributions.npz"),
        provenance=of_every_run("provenance.json"),
        manifest=MANIFEST,
        template=f"{REPORT}/summary.md.jinja",
        homework=f"{REPORT}/homework.csv",
        cards=CARDS,
        figures=expand(FIGURE, name=FIGURES),
    output:
        report(f"{OUT}/summary.md", category="Summary", labels={"page": "summary"}),
    log:
        f"{OUT}/logs/summary.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        folders=run_folders(),
        settings=canonical_json(
            {
                key: value
                for key, value in config.items()
                if key not in ("tracking", "partial")
            }
        ),
        networks=NETWORKS,
        missing=MISSING,
        options=config_options(),
        code=code("summary.py"),
    message:
        "Write {output}"
    script:
        "../scripts/summary.py"
