rule train:
    input:
        data=DATA,
    output:
        weights=f"{RUN}/weights.safetensors",
        history=f"{RUN}/history.csv",
        resources=f"{RUN}/resources.json",
        samples=f"{RUN}/samples.csv",
        provenance=f"{RUN}/provenance.json",
    log:
        f"{RUN_LOG}/train.log",
    priority: duration_rank
    conda:
        "../../envs/torch.yaml"
    threads: config["training"]["threads"]
    resources:
        gpu=GPU,
    params:
        settings=lambda wildcards: canonical_json(training_settings(wildcards)),
        # No output, because Snakemake removes those when a job is cut short.
        checkpoints=lambda wildcards: f"{RUN}/checkpoint".format(**wildcards),
        code=lambda wildcards: code("train.py", network=wildcards.network),
    message:
        "Train {wildcards.network}, {wildcards.pack}"
    script:
        "../scripts/train.py"
