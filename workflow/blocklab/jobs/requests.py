"""What the jobs of one network ask of a scheduler: GPUs, memory, time."""

from collections.abc import Mapping
from typing import Any

from blocklab.data.datasets import check_sizes
from blocklab.jobs.devices import gpus_to_ask_for
from blocklab.jobs.limits import needed_bytes
from blocklab.study.recipe import training_of

# From the 60 runs of the reference study, on a processor (docs/reference-study/runs.csv). At their
# peak they had 0.90 (exp3) to 1.58 GB (sppf). An epoch took 0.4 (sppf) to 4.6 ns (transformer) for
# each byte that a step keeps of an image, in the mean of a network's runs.
START_MEGABYTES = 1500  # Python, torch and the data, with room
SPARE = 4  # times what counting finds a training to need at least
START_MINUTES = 30  # what it takes to evaluate and to explain, too
MINUTES_PER_BYTE = 5e-9 / 60


def gpus_asked_for(
    setting: str, limits: Mapping[str, int], elsewhere: bool
) -> dict[str, dict[str, int]]:
    """Return the GPUs that a job asks for, by stage and resource.

    Training asks for `gpu`, of which there is a limit. Evaluation and explanation take little of a
    GPU; as `shared_gpu`, which nothing limits, they run beside a training. A cluster, where jobs
    run `elsewhere`, gives out whole ones and knows no other; there `auto` is a GPU where `limits`
    say how many jobs may use at once, as this machine says nothing of others.
    setting: the config's `training.device`. Raises UserError as `gpus_to_ask_for` does.
    """
    if elsewhere and setting == "auto":
        setting = "cuda" if limits.get("gpu") else "cpu"
    own = gpus_to_ask_for(setting, "gpu", limits)
    shared = gpus_to_ask_for(setting, "shared_gpu", limits)
    training = {"gpu": own, "shared_gpu": 0}
    later = training if elsewhere else {"gpu": 0, "shared_gpu": shared}
    return {"train": training, "evaluate": later, "explain": later}


def megabytes(config: Mapping[str, Any], network: str, known: Mapping[str, Any]) -> int:
    """Return the memory of the machine that a job of a network asks for; `known` is of its plan."""
    needed = needed_bytes(training_of(config, network), config["networks"][network], known, gpus=0)
    return START_MEGABYTES + SPARE * needed // 10**6


def minutes(config: Mapping[str, Any], network: str, known: Mapping[str, Any], seeds: int) -> int:
    """Return the time that a job of a network asks for; `known` is of its plan.

    seeds: how many the job trains one after the other; 0 for what only evaluates or explains.
    """
    training = training_of(config, network)
    images = training["epochs"] * check_sizes(config["dataset"])
    one = images * known.get("kept_bytes", 0) * MINUTES_PER_BYTE
    return START_MINUTES + round(seeds * one)
