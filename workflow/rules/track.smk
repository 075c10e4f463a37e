rule track:
    input:
        history=f"{RUN}/history.csv",
        resources=f"{RUN}/resources.json",
        metrics=rules.evaluate.output.metrics,
    output:
        receipt=f"{RUN}/tracking.json",
    log:
        f"{RUN_LOG}/track.log",
    conda:
        "../../envs/report.yaml"
    params:
        settings=canonical_json(config["tracking"]),
        job=lambda wildcards: canonical_json(training_settings(wildcards.network)),
        given_up=TRACKING_GIVEN_UP,
        code=code("track.py", f"jobs.trackers.{config['tracking']['tracker']}"),
    message:
        "Track {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/track.py"
