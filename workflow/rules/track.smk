rule track:
    input:
        manifest=MANIFEST,
        history=rules.train.output.history,
        resources=rules.train.output.resources,
        samples=rules.train.output.samples,
        provenance=rules.train.output.provenance,
        metrics=rules.evaluate.output.metrics,
        predictions=rules.evaluate.output.predictions,
        attributions=rules.explain.output.attributions,
    output:
        receipt=f"{RUN}/tracking.json",
    log:
        f"{RUN_LOG}/track.log",
    conda:
        "../../envs/report.yaml"
    params:
        settings=canonical_json(config["tracking"]),
        # Results of another study lie in another folder.
        study=canonical_json(
            {
                "name": os.path.basename(OUT),
                "dataset": data_settings(),
                "explanation": config["explanation"],
            }
        ),
        job=lambda wildcards: canonical_json(training_settings(wildcards)),
        given_up=TRACKING_GIVEN_UP,
        code=code("track.py", f"jobs.trackers.{config['tracking']['tracker']}"),
    message:
        "Track {wildcards.network}, {wildcards.pack}"
    script:
        "../scripts/track.py"
