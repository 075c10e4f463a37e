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
        **asked_of("evaluate"),
    params:
        settings=lambda wildcards: evaluation_params(wildcards.network)["settings"],
        planned=lambda wildcards, input: {wildcards.network: origin(wildcards.network)},
        code=lambda wildcards: evaluation_params(wildcards.network)["code"],
    message:
        "Evaluate {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/evaluate.py"
