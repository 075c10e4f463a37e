rule evaluate:
    input:
        data=DATA,
        weights=rules.train.output.weights,
        history=rules.train.output.history,
    output:
        metrics=f"{RUN}/metrics.csv",
        predictions=f"{RUN}/predictions.npz",
    log:
        f"{RUN_LOG}/evaluate.log",
    conda:
        "../../envs/torch.yaml"
    threads: config["training"]["threads"]
    resources:
        shared_gpu=SHARED_GPU,
    params:
        settings=lambda wildcards: canonical_json(job_settings(wildcards, "training")),
        code=lambda wildcards: code("evaluate.py", network=wildcards.network),
    message:
        "Evaluate {wildcards.network}, {wildcards.pack}"
    script:
        "../scripts/evaluate.py"
