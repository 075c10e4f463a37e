rule explain:
    input:
        data=DATA,
        weights=rules.train.output.weights,
    output:
        attributions=f"{RUN}/attributions.npz",
    log:
        f"{RUN_LOG}/explain.log",
    priority: duration_rank
    conda:
        "../../envs/torch.yaml"
    threads: config["training"]["threads"]
    resources:
        gpu=GPU,
    params:
        settings=lambda wildcards: canonical_json(
            network_settings(wildcards.network, "explanation")
        ),
        seeds=lambda wildcards: PACKS[wildcards.pack],
        device=config["training"]["device"],
        compile=config["training"]["compile"],
        deterministic=config["training"]["deterministic"],
        code=lambda wildcards: code("explain.py", network=wildcards.network),
    message:
        "Explain {wildcards.network}, {wildcards.pack}"
    script:
        "../scripts/explain.py"
