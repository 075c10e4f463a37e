rule track:
    input:
        history=rules.train.output.history,
        resources=rules.train.output.resources,
        metrics=rules.evaluate.output.metrics,
    output:
        receipt=f"{RUN}/tracking.json",
    log:
        f"{RUN_LOG}/track.log",
    conda:
        "../../envs/report.yaml"
    params:
        settings=canonical_json(config["tracking"]),
        job=lambda wildcards: canonical_json(training_settings(wildcards)),
        given_up=TRACKING_GIVEN_UP,
        code=code("track.py", f"jobs.trackers.{config['tracking']['tracker']}"),
    message:
        "Track {wildcards.network}, {wildcards.pack}"
    script:
        "../scripts/track.py"
