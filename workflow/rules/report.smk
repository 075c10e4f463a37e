# Relative, so that a project that moves plans nothing; right in any working directory.
REPORT = os.path.relpath(WORKFLOW / "report")
CARDS = list(map(os.path.relpath, card_files(config)))


# Of networks that failed there is no vote.
VOTES = {
    name: networks
    for name, networks in config["votes"].items()
    if set(networks) <= set(NETWORKS)
}


rule aggregate:
    input:
        metrics=file_of_every_run("metrics.csv"),
        history=file_of_every_run("history.csv"),
        resources=file_of_every_run("resources.json"),
        predictions=file_of_every_run("predictions.npz"),
        provenance=file_of_every_run("provenance.json"),
        weights=file_of_every_run("weights.safetensors"),
    output:
        runs=report(
            f"{OUT}/runs.csv",
            caption="../report/runs.rst",
            category="Tables",
            labels={"table": "runs"},
        ),
        networks=report(
            f"{OUT}/networks.csv",
            caption="../report/networks.rst",
            category="Tables",
            labels={"table": "networks"},
        ),
        histories=f"{OUT}/histories.csv",
        confusion=f"{OUT}/confusion.csv",
        misses=f"{OUT}/misses.csv",
        votes=f"{OUT}/votes.csv",
        provenance=f"{OUT}/provenance.json",
    log:
        f"{OUT}/logs/aggregate.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        networks=network_of_every_run(),
        baseline=config["baseline"],
        votes=canonical_json(VOTES),
        planned=lambda wildcards, input: {name: origin(name) for name in NETWORKS},
        code=code("aggregate.py"),
    message:
        "Aggregate all runs"
    script:
        "../scripts/aggregate.py"


rule compare_explanations:
    input:
        **{kind: file_of_every_run(file) for kind, file in EXPLAINED.items()},
    output:
        explanations=report(
            f"{OUT}/explanations.csv",
            caption="../report/explanations.rst",
            category="Tables",
            labels={"table": "explanations"},
        ),
        agreement=report(
            f"{OUT}/agreement.csv",
            caption="../report/agreement_of_pairs.rst",
            category="Tables",
            labels={"table": "agreement of explanations"},
        ),
        baselines=f"{OUT}/baselines.csv",
        perturbation=f"{OUT}/perturbation.csv",
        randomisation=f"{OUT}/randomisation.csv",
    log:
        f"{OUT}/logs/compare_explanations.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        networks=network_of_every_run(),
        baseline=config["baseline"],
        planned=lambda wildcards, input: {name: origin(name) for name in NETWORKS},
        code=code("compare_explanations.py"),
    message:
        "Compare explanations"
    script:
        "../scripts/compare_explanations.py"


# What a page is made from; `report.study_files.read_study` reads it.
STUDY_FILES = {
    "networks": rules.aggregate.output.networks,
    "runs": rules.aggregate.output.runs,
    "histories": rules.aggregate.output.histories,
    "confusion": rules.aggregate.output.confusion,
    "votes": rules.aggregate.output.votes,
    "provenance": rules.aggregate.output.provenance,
    **dict(rules.compare_explanations.output.items()),
    "manifest": MANIFEST,
    "homework": f"{REPORT}/homework.csv",
    "cards": CARDS,
    "figures": expand(FIGURE, name=FIGURES),
    "structures": rules.structure.output,
}
STUDY_VALUES = {
    "settings": canonical_json(
        {
            key: value
            for key, value in {**config, "networks": STUDY}.items()
            if key not in ("tracking", "partial", "only")
        }
    ),
    "study": list(STUDY),
    "networks": NETWORKS,
    # Data of the user's own has no name but that of its folder or file.
    "data": (
        Path(config["dataset"]["directory"]).resolve().name.removesuffix(".npz")
        if DATASET in OWN
        else DATASET
    ),
    "layers": canonical_json({name: PLAN[name].get("layers", []) for name in NETWORKS}),
    "missing": MISSING,
}


rule summary:
    input:
        **STUDY_FILES,
        template=f"{REPORT}/summary.md.jinja",
    output:
        markdown=f"{OUT}/summary.md",
        config=f"{OUT}/config.yaml",
    log:
        f"{OUT}/logs/summary.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        **STUDY_VALUES,
        code=code("summary.py"),
    message:
        "Write {output.markdown}"
    script:
        "../scripts/summary.py"


rule report:
    input:
        **{
            name: files
            for name, files in STUDY_FILES.items()
            if name not in ("cards", "homework")
        },
        summary=rules.summary.output.markdown,
        attributions=file_of_every_run("attributions.npz"),
        look=sorted(map(os.path.relpath, (WORKFLOW / "report" / "page").iterdir())),
    output:
        page=report(
            f"{OUT}/report.html",
            caption="../report/report.rst",
            # The first by the alphabet, which is how Snakemake orders them.
            category="Answer",
            labels={"page": "report"},
        ),
    log:
        f"{OUT}/logs/report.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        networks=network_of_every_run(),
        method=config["explanation"]["method"],
        code=code("report.py"),
    message:
        "Write {output.page}"
    script:
        "../scripts/report.py"
