"""What training, evaluation and explanation of one network begin with."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blocklab.data.prepared import PreparedData, load
from blocklab.jobs.devices import (
    choose_device,
    make_deterministic,
    prepare_cuda,
    prepare_processor,
)
from blocklab.networks.kernels.compiled import kernels
from blocklab.networks.network import Layer, Shape, resolve


@dataclass(frozen=True)
class NetworkJob:
    """One network, the runs that the job is for, and the data on the job's device.

    runs: the folder of every seed's results, by seed.
    """

    name: str
    layers: list[Layer]
    input_shape: Shape
    runs: dict[int, Path]
    data: PreparedData
    device: str
    settings: dict[str, Any]


@contextmanager
def network_job(snakemake: Any) -> Iterator[NetworkJob]:
    """Yield the job with threads, device, determinism and kernels set as its settings ask.

    snakemake: what Snakemake gives a script; of it, params.settings (JSON: network, input_shape,
    classes and the config's sections that the job depends on, `training` among them), input.data,
    output (files in folders named after their seeds), threads, resources.gpu (a GPU of its own)
    and resources.shared_gpu (one that other jobs may use too) are used.
    Raises UserError if the device is not there, the data is damaged, or a layer does not fit.
    """
    settings = json.loads(snakemake.params.settings)
    training, network = settings["training"], settings["network"]
    shape = tuple(settings["input_shape"])
    folders = dict.fromkeys(Path(file).parent for file in snakemake.output)
    runs = {int(folder.name.removeprefix("seed")): folder for folder in folders}
    prepare_processor(snakemake.threads)
    prepare_cuda(len(runs), training["deterministic"])
    own, shared = (snakemake.resources.get(name, 0) for name in ("gpu", "shared_gpu"))
    device = choose_device(training["device"], own or shared, alone=bool(own))
    make_deterministic(training["deterministic"], device)
    with kernels(training["compile"] and device == "cpu"):
        yield NetworkJob(
            name=network["name"],
            # The plan has found that it fits; on meta tensors a job would start a second later.
            layers=resolve(network["name"], network["layers"], shape, settings["classes"], "cpu"),
            input_shape=shape,
            runs=runs,
            data=load(snakemake.input.data, device),
            device=device,
            settings=settings,
        )
