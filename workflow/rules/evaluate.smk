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
    params:
        settings=lambda wildcards: canonical_json(
            network_settings(wildcards.network, "training")
        ),
        seeds=lambda wildcards: PACKS[wildcards.pack],
        code=lambda wildcards: code(
            "training", "weights", "evaluation", "complexity", network=wildcards.network
        ),
    threads: config["training"]["threads"]
    resources:
        gpu=GPU,
    conda:
        "../../envs/torch.yaml"
    message:
        "Evaluate {wildcards.network}, {wildcards.pack}"
    script:
        "../scripts/evaluate.py"
