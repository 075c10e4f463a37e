# What jobs ask of the machines they run on, and what must hold before one changes anything.

# Whatever waited in a cluster's queue may start when its run is long over.
OVER = "this ends: another run is at work in this folder, or the job has begun again elsewhere"
if workflow.is_main_process:
    name_run(PLANS)
    os.environ.update(BLOCKLAB_GPUS="")
else:
    if taken_over():
        stop(OVER)
    begin_job(sys.argv)
    end_when_taken_over(lambda: print(OVER, file=sys.stderr, flush=True))


envvars:
    "BLOCKLAB_CLAIMS",
    "BLOCKLAB_GPUS",


def lock(folder, file):
    """Keep other runs out of a folder until this one ends, or end it if one is there."""
    if not try_lock(file):
        stop(f"another run is at work in {folder}; wait for it to end, or stop it")


def tell_taken_over():
    """Say, where file systems have no locks, that another run began in this folder."""
    TERMINAL.close()
    print(OVER, file=sys.stderr, flush=True)


@cache
def gpus_asked():
    """The GPUs that a job asks for, by stage and resource.

    Who runs the jobs is known when the Snakefile has been read. A job's own process is told what
    was planned: its machine may have other devices than the one that planned.
    """
    if not workflow.is_main_process:
        return json.loads(os.environ["BLOCKLAB_GPUS"])
    return gpus_asked_for(
        config["training"]["device"], gpu_limits(), elsewhere=workflow.non_local_exec
    )


def tell_gpus():
    """Tell the jobs that will start how many GPUs they were given."""
    if workflow.local_exec and "gpu" not in workflow.global_resources:
        # Trainings take turns. In the profile it would win over the limit of a cluster's.
        workflow.register_resource("gpu", 1)
    os.environ.update(BLOCKLAB_GPUS=canonical_json(gpus_asked()))


def check_this_machine():
    """End the run before its first job if this machine lacks what its jobs insist on.

    On a cluster, whose machines are others, a job says it.
    """
    jobs = [
        (stage_of(job.rule.name), job.wildcards_dict.get("network"))
        for job in workflow.dag.needrun_jobs()
    ]
    try:
        if workflow.local_exec:
            check_machine(config, PLAN, jobs, gpus_asked()["train"]["gpu"])
    except UserError as error:
        stop(f"Error: {error}")


def check_runs():
    """End the run before its first job if one is to read runs that are not what was planned.

    A job that begins asks the same, of what is there then.
    """
    jobs = list(workflow.dag.needrun_jobs())
    made = {file for job in jobs for file in job.output}
    readers = [job for job in jobs if "planned" in job.rule.params.keys()]
    read = {str(file) for job in readers for file in job.input if file not in made}
    # What is trained anew is not read as it is now.
    read -= {
        file for file in read if f"{Path(file).parent}/weights.safetensors" in made
    }
    try:
        check_consumed(sorted(read), {network: origin(network) for network in NETWORKS})
    except UserError as error:
        stop(f"Error: {error}")


def asked_of(stage, seeds=0):
    """What a job of one network asks of a cluster, by resource; `seeds` are how many it trains."""

    def mem_mb(wildcards, attempt):
        network = wildcards.network
        return attempt * megabytes(config, network, PLAN[network])

    def runtime(wildcards, attempt):
        network = wildcards.network
        return attempt * minutes(config, network, PLAN[network], seeds)

    def gpu(wildcards):
        return gpus_asked()[stage]["gpu"]

    def shared_gpu(wildcards):
        return gpus_asked()[stage]["shared_gpu"]

    return {
        "gpu": gpu,
        "shared_gpu": shared_gpu,
        "mem_mb": mem_mb,
        "runtime": runtime,
    }
