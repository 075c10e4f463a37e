rule prepare_data:
    output:
        data=DATA,
        manifest=MANIFEST,
    log:
        f"{OUT}/logs/data/{DATASET}.log",
    conda:
        "../../envs/torch.yaml"
    params:
        settings=canonical_json(data_settings()),
        code=code("prepare_data.py"),
    message:
        "Prepare {DATASET}"
    script:
        "../scripts/prepare_data.py"
