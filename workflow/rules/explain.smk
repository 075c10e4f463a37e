rule explain:
    input:
        data=DATA,
        weights=rules.train.output.weights,
    output:
        attributions=f"{RUN}/attributions.npz",
    log:
        f"{RUN_LOG}/explain.log",
    params:
        settings=lambda wildcards: canonical_json(
            network_settings(wildcards.network, "explanation")
        ),
        seeds=lambda wildcards: PACKS[wildcards.pack],
        device=config["training"]["device"],
        code=lambda wildcards: code("attribution", "weights", network=wildcards.network),
    threads: config["training"]["threads"]
    resources:
        gpu=GPU,
    conda:
        "../../envs/torch.yaml"
    message:
        "Explain {wildcards.network}, {wildcards.pack}"
    script:
        "../scripts/explain.py"
