rule track:
    input:
        manifest=MANIFEST,
        history=f"{RUN}/history.csv",
        resources=f"{RUN}/resources.json",
        samples=f"{RUN}/samples.csv",
        provenance=f"{RUN}/provenance.json",
        metrics=rules.evaluate.output.metrics,
        predictions=rules.evaluate.output.predictions,
        attributions=rules.explain.output.attributions,
    output:
        receipt=f"{RUN}/tracking.json",
    log:
        f"{RUN_LOG}/track.log",
    localrule: True
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
        job=lambda wildcards: canonical_json(training_settings(wildcards.network)),
        planned=lambda wildcards, input: {wildcards.network: origin(wildcards.network)},
        given_up=TRACKING_GIVEN_UP,
        code=code("track.py", f"jobs.trackers.{config['tracking']['tracker']}"),
    message:
        "Track {wildcards.network}, seed {wildcards.seed}"
    script:
        "../scripts/track.py"
