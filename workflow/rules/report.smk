FIGURES = f"{OUT}/figures"
# Relative, so that a project that moves plans nothing; right in any working directory.
REPORT = os.path.relpath(WORKFLOW / "report")
CARDS = sorted(map(os.path.relpath, (WORKFLOW / "cards").glob("*.yaml")))


rule aggregate:
    input:
        metrics=of_every_run("metrics.csv"),
        history=of_every_run("history.csv"),
        resources=of_every_run("resources.json"),
        predictions=of_every_run("predictions.npz"),
        provenance=of_every_run("provenance.json"),
    output:
        runs=report(f"{OUT}/runs.csv", category="Tables", labels={"table": "runs"}),
        networks=report(
            f"{OUT}/networks.csv", category="Tables", labels={"table": "networks"}
        ),
        histories=f"{OUT}/histories.csv",
        confusion=f"{OUT}/confusion.csv",
        provenance=f"{OUT}/provenance.json",
    log:
        f"{OUT}/logs/aggregate.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        networks=network_of_every_run(),
        baseline=config["baseline"],
        code=code("aggregate.py"),
    message:
        "Aggregate all runs"
    script:
        "../scripts/aggregate.py"


rule compare_explanations:
    input:
        # Of several packs the first, as its first seed is the one that is compared.
        attributions=expand(
            f"{RUN}/attributions.npz", network=NETWORKS, pack=[*PACKS][:1]
        ),
    output:
        explanations=report(
            f"{OUT}/explanations.csv",
            category="Tables",
            labels={"table": "explanations"},
        ),
    log:
        f"{OUT}/logs/compare_explanations.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        networks=NETWORKS,
        baseline=config["baseline"],
        code=code("compare_explanations.py"),
    message:
        "Compare explanations"
    script:
        "../scripts/compare_explanations.py"


rule learning_curves:
    input:
        histories=of_every_run("history.csv"),
    output:
        report(
            f"{FIGURES}/learning_curves.png",
            caption="../report/learning_curves.rst",
            category="Figures",
            labels={"figure": "learning curves"},
        ),
    log:
        f"{OUT}/logs/learning_curves.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        folders=run_folders(),
        baseline=config["baseline"],
        code=code("learning_curves.py"),
    message:
        "Draw learning curves"
    script:
        "../scripts/learning_curves.py"


rule accuracy_against_cost:
    input:
        networks=rules.aggregate.output.networks,
    output:
        report(
            f"{FIGURES}/accuracy_against_cost.png",
            caption="../report/accuracy_against_cost.rst",
            category="Figures",
            labels={"figure": "test error against cost"},
        ),
    log:
        f"{OUT}/logs/accuracy_against_cost.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        code=code("accuracy_against_cost.py"),
    message:
        "Draw accuracy against cost"
    script:
        "../scripts/accuracy_against_cost.py"


rule confusion:
    input:
        networks=rules.aggregate.output.networks,
        predictions=of_every_run("predictions.npz"),
        manifest=MANIFEST,
    output:
        report(
            f"{FIGURES}/confusion.png",
            caption="../report/confusion.rst",
            category="Figures",
            labels={"figure": "confusion of the best network"},
        ),
    log:
        f"{OUT}/logs/confusion.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        folders=run_folders(),
        code=code("confusion.py"),
    message:
        "Draw the best network's confusion matrix"
    script:
        "../scripts/confusion.py"


rule heatmaps:
    input:
        networks=rules.aggregate.output.networks,
        attributions=of_every_run("attributions.npz"),
        manifest=MANIFEST,
    output:
        pair=report(
            f"{FIGURES}/heatmaps.png",
            caption="../report/heatmaps.rst",
            category="Figures",
            labels={"figure": "Integrated Gradients, baseline and best"},
        ),
        every=report(
            f"{FIGURES}/heatmaps_all.png",
            caption="../report/heatmaps_all.rst",
            category="Figures",
            labels={"figure": "Integrated Gradients, every network"},
        ),
    log:
        f"{OUT}/logs/heatmaps.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        folders=run_folders(),
        baseline=config["baseline"],
        target=config["explanation"]["target"],
        code=code("heatmaps.py"),
    message:
        "Draw heatmaps"
    script:
        "../scripts/heatmaps.py"


rule timeline:
    input:
        of_every_run("attributions.npz"),
        rules.learning_curves.output,
        rules.accuracy_against_cost.output,
        rules.confusion.output,
        rules.heatmaps.output,
    output:
        report(
            f"{FIGURES}/timeline.png",
            caption="../report/timeline.rst",
            category="Figures",
            labels={"figure": "timeline of the jobs"},
        ),
    log:
        f"{OUT}/logs/timeline.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        logs=logs_of_jobs(),
        code=code("timeline.py"),
    message:
        "Draw the timeline"
    script:
        "../scripts/timeline.py"


rule summary:
    input:
        networks=rules.aggregate.output.networks,
        explanations=rules.compare_explanations.output.explanations,
        provenance=rules.aggregate.output.provenance,
        manifest=MANIFEST,
        template=f"{REPORT}/summary.md.jinja",
        homework=f"{REPORT}/homework.csv",
        cards=CARDS,
        learning_curves=rules.learning_curves.output,
        accuracy_against_cost=rules.accuracy_against_cost.output,
        confusion=rules.confusion.output,
        heatmaps=rules.heatmaps.output.pair,
        heatmaps_all=rules.heatmaps.output.every,
        timeline=rules.timeline.output,
    output:
        report(f"{OUT}/summary.md", category="Summary", labels={"page": "summary"}),
    log:
        f"{OUT}/logs/summary.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
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
