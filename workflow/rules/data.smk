rule prepare_data:
    output:
        data=DATA,
        manifest=MANIFEST,
    log:
        f"{OUT}/logs/data/{DATASET}.log",
    params:
        settings=canonical_json(data_settings()),
        code=code("data", "sources"),
    conda:
        "../../envs/torch.yaml"
    message:
        "Prepare {DATASET}"
    script:
        "../scripts/prepare_data.py"
