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
        settings=lambda wildcards: evaluation_params(wildcards.network)["settings"],
        code=lambda wildcards: evaluation_params(wildcards.network)["code"],
    message:
        "Evaluate {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/evaluate.py"
