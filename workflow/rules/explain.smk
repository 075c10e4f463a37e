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
        **asked_of("explain"),
    params:
        settings=lambda wildcards: explanation_params(wildcards.network)["settings"],
        planned=lambda wildcards, input: {wildcards.network: origin(wildcards.network)},
        code=lambda wildcards: explanation_params(wildcards.network)["code"],
    message:
        "Explain {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/explain.py"
