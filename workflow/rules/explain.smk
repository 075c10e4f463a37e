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
        shared_gpu=SHARED_GPU,
    params:
        settings=lambda wildcards: canonical_json(
            job_settings(wildcards, "training", "explanation")
        ),
        code=lambda wildcards: code(
            "explain.py",
            f"explanation.methods.{config['explanation']['method']}",
            network=wildcards.network,
        ),
    message:
        "Explain {wildcards.network}, {wildcards.pack}"
    script:
        "../scripts/explain.py"
