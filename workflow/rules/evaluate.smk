rule evaluate:
    input:
        data=DATA,
        weights=f"{RUN}/weights.safetensors",
        history=f"{RUN}/history.csv",
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
        settings=lambda wildcards: canonical_json(
            job_settings(wildcards.network, "training")
        ),
        code=lambda wildcards: code("evaluate.py", network=wildcards.network),
    message:
        "Evaluate {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/evaluate.py"
