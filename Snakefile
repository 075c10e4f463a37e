# Which building block should a small image classifier be made of? See README.md.

import os

from snakemake.utils import min_version

min_version("9.19")


# Beside this file, in whatever folder snakemake is told to work.
configfile: os.path.relpath(os.path.join(workflow.basedir, "config.yaml"))


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/jobs.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/explain.smk"
include: "workflow/rules/track.smk"
include: "workflow/rules/structure.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/figures.smk"


onstart:
    lock("this folder", f"{PLANS}/run.lock")
    tell_gpus()
    look_less(workflow)
    check_this_machine()
    check_runs()
    if os.path.relpath(OUT).startswith(os.pardir):  # it may be another clone's, too
        lock(OUT, f"{OUT}/logs/run.lock")
    begin_run()
    end_when_taken_over(tell_taken_over)
    # What a killed run was writing; under the lock nobody is.
    for folder in (OUT, PLANS):
        remove_unfinished(folder)
    Path(TRACKING_GIVEN_UP).unlink(missing_ok=True)
    # Of networks that `only` leaves out, the runs are still wanted.
    left = None if config["only"] else leftovers(f"{OUT}/{DATASET}", STUDY)
    if left:
        print(left, file=sys.stderr)
    if CHANGED:
        print(f"files since they were prepared: {CHANGED}", file=sys.stderr)
    # As a param it would make jobs run again for being asked for otherwise.
    os.environ.update(BLOCKLAB_COMMAND=given_command())
    TERMINAL.begin(Path(PLANS))


onsuccess:
    TERMINAL.succeed()


onerror:
    TERMINAL.fail()


rule all:
    default_target: True
    input:
        asked_for(
            NETWORKS,
            lambda: [
                *rules.summary.output,
                *rules.report.output,
                *tracking_files(NETWORKS),
            ],
        ),
    message:
        "The study is complete: {OUT}/report.html"


for network in NETWORKS:

    rule:
        name:
            network
        input:
            asked_for([network], partial(files_of, network)),
        message:
            "Network {rule} is complete"
