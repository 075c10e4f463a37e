CHANGED = changes(FILES, Path(MANIFEST))


# A checkpoint, so that what reads the data is asked again once it is there: where it is the same as
# before, nothing else runs again.
checkpoint prepare_data:
    output:
        data=DATA,
        manifest=MANIFEST,
    log:
        f"{OUT}/logs/data/{DATASET}.log",
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        settings=canonical_json(data_settings()),
        # Of data of the user's own; that of a built-in data set is known.
        files=state(FILES),
        code=code("prepare_data.py"),
    message:
        f"Prepare {DATASET}{CHANGED and f' again: files {CHANGED}'}"
    script:
        "../scripts/prepare_data.py"
