# What all rules share: the checked config, paths, and what a job depends on.

import gc
import json
import os
import shlex
import sys
from functools import cache, partial
from pathlib import Path

WORKFLOW = Path(workflow.basedir) / "workflow"
sys.path.insert(0, str(WORKFLOW))
# Scripts run in processes of their own, which find the library by this.
SEARCH_PATH = filter(None, [str(WORKFLOW), os.environ.get("PYTHONPATH")])
os.environ.update(PYTHONPATH=os.pathsep.join(SEARCH_PATH))

from blocklab.study.command_line import with_given
from blocklab.study.config import resolve_config
from blocklab.errors import UserError
from blocklab.jobs.claims import (
    begin_job,
    begin_run,
    end_when_taken_over,
    name_run,
    taken_over,
)
from blocklab.jobs.consumed import check_consumed
from blocklab.jobs.limits import check_batches, check_machine
from blocklab.jobs.locks import try_lock
from blocklab.jobs.requests import gpus_asked_for, megabytes, minutes
from blocklab.jobs.scheduler import announce_scheduler, look_less
from blocklab.terminal.progress import stage_of
from blocklab.terminal.terminal import take_over
from blocklab.files import canonical_json, digest, remove_unfinished
from blocklab.study.cards import card_files
from blocklab.study.code import stamp
from blocklab.study.plan import input_shape, plan
from blocklab.study.recipe import training_of
from blocklab.study.runs import (
    is_trained,
    leftovers,
    pack,
    recorded,
    rule_name,
    seeds_of,
    span,
)
from blocklab.data.checks import changes, check_files
from blocklab.data.datasets import OWN, describe
from blocklab.data.manifest import state
from blocklab.study.written_once import check_written_once
from blocklab.study.targets import check_targets, forces_all
from blocklab.report.figures.catalogue import FIGURES

# Planning makes millions of objects and drops few: looking for those seldom saves a seventh of it.
gc.set_threshold(100_000, 50, 100)

RULES = (
    "all prepare_data train evaluate explain track aggregate compare_explanations structure summary report"
).split()
RULES += FIGURES


PLANS = ".snakemake/blocklab"


def stop(reason):
    """End with the one line that a user needs; an exception would come with a trail of files."""
    print(reason, file=sys.stderr, flush=True)
    os._exit(1)


def gpu_limits():
    """How many GPUs `--resources`, or else the profile, lets all jobs use, by resource."""
    limits = workflow.global_resources
    kinds = ("gpu", "shared_gpu")
    return {kind: limits[kind].value for kind in kinds if kind in limits}


try:
    if workflow.is_main_process:
        for file in dict.fromkeys(map(str, workflow.configfiles)):
            check_written_once(file)
    given = with_given(config, workflow.config_settings.config)
    # In agreement.csv the bare image stands where networks do, as "brightness".
    config.update(resolve_config(given, reserved=[*RULES, "brightness"]))
    FILES = check_files(config["dataset"], Path(PLANS) / "files.json")
    PLAN = plan(config, cache=Path(PLANS))
    if workflow.is_main_process:
        gpus_asked_for(config["training"]["device"], gpu_limits(), elsewhere=False)
    check_batches(config, PLAN)
except UserError as error:
    stop(f"Error in the config: {error}")

OUT = config["outdir"]
DATASET = config["dataset"]["name"]
SEEDS = seeds_of(config["seeds"])

DATA = f"{OUT}/data/{DATASET}.safetensors"
MANIFEST = f"{OUT}/data/{DATASET}.json"
RUN = f"{OUT}/{DATASET}/{{network}}/seed{{seed}}"
TRACKING_GIVEN_UP = ".snakemake/blocklab/tracking_given_up"
FIGURE = f"{OUT}/figures/{{name}}.png"
RUN_LOG = f"{OUT}/logs/{DATASET}/{{network}}/seed{{seed}}"


# What training leaves in a run folder, and what is there when evaluation and explanation are done.
TRAINED = {
    "weights": "weights.safetensors",
    "history": "history.csv",
    "resources": "resources.json",
    "samples": "samples.csv",
    "provenance": "provenance.json",
}
EXPLAINED = {
    "attributions": "attributions.npz",
    "explanation": "explanation.csv",
    "perturbation": "perturbation.csv",
    "randomisation": "randomisation.csv",
}
RESULTS = [*TRAINED.values(), "metrics.csv", "predictions.npz", *EXPLAINED.values()]


def has_results(network):
    runs = expand(f"{RUN}/{{file}}", network=network, seed=SEEDS, file=RESULTS)
    return all(os.path.exists(path) for path in runs)


STUDY = config["networks"]
MISSING = []
if config["partial"]:
    MISSING = [network for network in config["networks"] if not has_results(network)]
    config["networks"] = {
        name: network
        for name, network in config["networks"].items()
        if name not in MISSING
    }
    if config["baseline"] in MISSING or len(config["networks"]) < 2:
        stop(
            "partial: a summary needs results of the baseline and of one network more; "
            f"there are none of {', '.join(MISSING)}"
        )
NETWORKS = list(config["networks"])
if workflow.is_main_process:
    try:
        check_targets(NETWORKS, RULES)
    except UserError as error:
        stop(f"Error: {error}")


wildcard_constraints:
    network="[a-z][a-z0-9_]*",
    seed=r"\d+",


def config_options():
    """The options of the command line that make this study what it is."""
    given = workflow.config_settings
    words = []
    if given.configfiles:
        words += ["--configfile", *map(os.path.relpath, given.configfiles)]
    if given.config:
        values = {
            key: value if isinstance(value, str) else canonical_json(value)
            for key, value in given.config.items()
        }
        words += ["--config", *(f"{key}={value}" for key, value in values.items())]
    return shlex.join(words)


def given_command():
    """The command that was given, as far as a result may depend on it.

    Not the whole command line: options of Snakemake's plugins may hold keys and passwords.
    """
    targets = sorted(map(str, workflow.dag_settings.targets))
    words = ["snakemake", *targets]
    if workflow.non_local_exec:
        words += ["--executor", workflow.executor_plugin.name]
        words += ["--jobs", str(workflow.resource_settings.nodes)]
    else:
        words += ["--cores", str(workflow.resource_settings.cores)]
    limits = [f"{kind}={limit}" for kind, limit in gpu_limits().items()]
    words += ["--resources", *limits] if limits else []
    return f"{shlex.join(words)} {config_options()}".strip()


announce_scheduler()


def answer_to_give():
    """The lines that a run ends with if the study's page was asked for."""
    if all(job.rule.name != "report" for job in workflow.dag.jobs):
        return []
    # Here, because pandas takes a second that no other call should wait for.
    from blocklab.report.aggregation import read_networks
    from blocklab.report.sentences.answer import answer

    return answer(read_networks(f"{OUT}/networks.csv"), f"{OUT}/report.html")


TERMINAL = take_over(workflow, targets=["all", *NETWORKS], answer=answer_to_give)


def of_every_run(file, networks=NETWORKS):
    """Paths of one of the files that every run has."""
    return expand(f"{RUN}/{file}", network=networks, seed=SEEDS)


def file_of_every_run(file):
    """The same as an input. Of a function, unlike of a list, Snakemake keeps no second copy."""
    return lambda wildcards: of_every_run(file)


def network_of_every_run():
    """The network of each path in `of_every_run`, in the same order."""
    return [network for network in NETWORKS for _ in SEEDS]


def tracking_files(networks):
    if config["tracking"]["mode"] == "disabled":
        return []
    return of_every_run("tracking.json", networks)


def files_of(network):
    """All that is made for one network alone."""
    made = [path for file in RESULTS for path in of_every_run(file, [network])]
    return made + tracking_files([network])


def code(script, *modules, network=None):
    """Stamp of a script and all it runs of the library: a network's blocks, and what it names.

    Snakemake itself would compare time stamps of scripts; the profile turns that off.
    """
    blocks = PLAN[network]["modules"] if network else []
    return stamp_once(script, *sorted({*modules, *blocks}))


# What is the same for every seed of a network is computed once: with thousands of runs, it is
# nearly all of the time that a plan would take.
@cache
def stamp_once(script, *modules):
    try:
        return stamp(WORKFLOW, script, modules)
    except UserError as error:  # a file that is no valid Python
        stop(f"Error: {error}")


def data_settings():
    """What the prepared dataset depends on: not on where the raw files came from."""
    elsewhere = ("source", "directory")
    return {
        key: value for key, value in config["dataset"].items() if key not in elsewhere
    }


def job_settings(network, *sections):
    """What a job for one of a network's runs depends on, besides its inputs and the code."""
    layers = config["networks"][network]["layers"]
    settings = {
        "network": {"name": network, "layers": layers},
        "input_shape": input_shape(config["dataset"]),
        "classes": describe(config["dataset"]).classes,
    }
    own = {"training": training_of(config, network)}
    return settings | {
        section: own.get(section, config[section]) for section in sections
    }


def duration_rank(wildcards):
    """Priority of a network's long jobs: those that take longest are not to start last.

    What a network moves through memory foretells its time best of what can be counted.
    """
    return PLAN[wildcards.network].get("bytes_moved", 0)


@cache
def training_settings(network):
    """What one training depends on, besides its seed, the prepared dataset and the code."""
    batch_size = config["networks"][network]["batch_size"]
    return job_settings(network, "training") | {"batch_size": batch_size}


@cache
def origin(network):
    """What the files of a network's runs are to say of how they were made."""
    planned = {"settings": training_settings(network), "dataset": data_settings()}
    planned |= {section: config[section] for section in ("evaluation", "explanation")}
    return json.loads(canonical_json(planned))


@cache
def evaluation_params(network):
    """What decides whether an evaluation runs again, besides its inputs."""
    return {
        "settings": canonical_json(job_settings(network, "training", "evaluation")),
        "code": code("evaluate.py", network=network),
    }


@cache
def explanation_params(network):
    """What decides whether an explanation runs again, besides its inputs."""
    method = f"explanation.methods.{config['explanation']['method']}"
    return {
        "settings": canonical_json(job_settings(network, "training", "explanation")),
        "code": code("explain.py", method, network=network),
    }


UNTIL = set()


def asked_for(networks, usual):
    """What a target is made of: the files that `usual` returns, or what the rules of `--until` make.

    Snakemake 9.27.1 by itself finds nothing to do until a rule where results are missing, since the
    data is a checkpoint; and a rule that trains several seeds in one job is not `train`.
    """

    def files(wildcards):
        given = workflow.dag.untilrules
        if given and given <= {*RULES} - {"all"}:
            UNTIL.update(given)
            given.clear()
        made = [path for name in sorted(UNTIL) for path in getattr(rules, name).output]
        return expand(made, network=networks, seed=SEEDS) or usual()

    return files
