rule explain:
    input:
        data=DATA,
        weights=f"{RUN}/weights.safetensors",
    output:
        **{kind: f"{RUN}/{file}" for kind, file in EXPLAINED.items()},
    log:
        f"{RUN_LOG}/explain.log",
    priority: duration_rank
    conda:
        "../../envs/torch.yaml"
    threads: config["training"]["threads"]
    resources:
        shared_gpu=SHARED_GPU,
    params:
        settings=lambda wildcards: explanation_params(wildcards.network)["settings"],
        code=lambda wildcards: explanation_params(wildcards.network)["code"],
    message:
        "Explain {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/explain.py"
