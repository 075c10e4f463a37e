"""What unit tests share: the committed config, made-up data, tables and a small network.

torch is imported inside the fixtures: the tests of figures and tables do without it.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tensors this small only lose by threads
# Threads that wait are not to keep the processor from those that work.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

ROOT = Path(__file__).parents[2]
SMALL = [
    {"conv": {"out": 4, "kernel": 3}},
    {"maxpool": 2},
    "flatten",
    {"dropout": 0.25},
    {"linear": {"out": "classes"}},
]


@pytest.fixture
def config():
    """The committed config.yaml, to change at will."""
    return yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def small_layers():
    """A resolved network for 4 classes of 1x8x8 images, with batch normalisation and dropout."""
    from blocklab.networks.network import resolve

    return resolve("small", SMALL, (1, 8, 8), 4)


@pytest.fixture
def make_settings():
    """Return a function: changes -> Settings of two epochs in batches of 16."""
    from blocklab.training.settings import Settings

    usual = {"batch_size": 16, "epochs": 2, "optimizer": "adam", "learning_rate": 0.01}
    usual |= {"loss": "double_softmax_cross_entropy"}
    return lambda **changes: Settings(**usual | changes)


@pytest.fixture
def make_data():
    """Return a function: images per split -> PreparedData of 4 classes, each a bright corner."""
    import torch

    from blocklab.data.prepared import PreparedData, Split

    def make(training: int = 60, validation: int = 20, test: int = 20) -> PreparedData:
        generator = torch.Generator().manual_seed(1)

        def split(count: int) -> Split:
            labels = torch.arange(count) % 4
            images = torch.randint(0, 60, (count, 1, 8, 8), generator=generator)
            images[:, :, 3:5, 3:5] = 0
            for image, label in zip(images, labels.tolist(), strict=True):
                row, column = divmod(label, 2)
                image[0, 5 * row : 5 * row + 3, 5 * column : 5 * column + 3] += 180
            return Split(images.to(torch.uint8), labels, torch.arange(count))

        return PreparedData(split(training), split(validation), split(test), tuple("abcd"))

    return make


@pytest.fixture
def make_run(tmp_path):
    """Return a function: layers in YAML -> the folder of a run of one network, untrained."""
    from blocklab.files import write_json
    from blocklab.jobs.provenance import collect
    from blocklab.networks.network import initialise, resolve
    from blocklab.networks.weights import save_weights

    def make(layers, folder="run", shape=(1, 32, 32), classes=10, seed=3, class_names=None):
        run = tmp_path / folder
        settings = {"network": {"name": "vgg", "layers": layers}, "input_shape": list(shape)}
        settings |= {"classes": classes, "training": {"epochs": 4}}
        device = {"device": "cpu", "device_name": "", "threads": 1, "precision": "float32"}
        names = [str(label) for label in range(classes)] if class_names is None else class_names
        provenance = collect(
            origin={},
            settings=settings,
            dataset={"name": "mnist"},
            class_names=names,
            seed=seed,
            device_description=device | {"kernels": None},
            started=0.0,
            command=None,
            data_sha256=None,
            resumed=0,
        )
        write_json(run / "provenance.json", provenance)
        network = initialise(resolve("vgg", layers, shape, classes, "cpu"), seed)
        save_weights(run / "weights.safetensors", network, seed)
        return run

    return make


@pytest.fixture
def flip():
    """Return a function: content, position and bit -> the content with that one bit changed."""

    def changed(content: bytes, position: int, bit: int = 0) -> bytes:
        return content[:position] + bytes([content[position] ^ 1 << bit]) + content[position + 1 :]

    return changed


@pytest.fixture
def quick_compiler(tmp_path, monkeypatch):
    """A C++ compiler that leaves the source out: a library in no time, without a kernel in it.

    The fixture is the file in which every call of it leaves a line.
    """
    calls, script = tmp_path / "calls", tmp_path / "quick-compiler"
    script.write_text(
        f'#!/bin/sh\necho "$*" >> {calls}\nwhile [ "$1" != -o ]; do shift; done\n'
        'exec c++ -shared -x c++ /dev/null -o "$2"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("CXX", str(script))
    return calls


@pytest.fixture
def make_networks():
    """Return a function: changes by network -> the table networks.csv of a study of three."""

    def make(seeds: int = 1, **changes: dict) -> pd.DataFrame:
        usual = {
            "exp3": {"baseline": True, "validation_acc": 0.96, "test_acc": 0.95, "p_value": 1e-6},
            "vgg": {"best": True, "validation_acc": 0.99, "test_acc": 0.985},
            "csp": {"validation_acc": 0.98, "test_acc": 0.975, "p_value": 0.2},
        }
        rows = []
        for name, own in usual.items():
            row = dict(baseline=False, best=False, acc=0.95, validation_acc=0.98, p_value=np.nan)
            row |= dict(loss=1.5, validation_loss=1.49, test_loss=1.48, test_images=1000)
            row |= dict(validation_cross_entropy=0.1, test_cross_entropy=0.1)
            row |= {f"recall_{label}": 0.97 for label in range(10)}
            row |= dict(parameters=14450, flops=3e6, activations=2e4, largest_kernel=3)
            row |= dict(bytes_moved=500_000)
            row |= dict(residuals=0, active_residuals=0, never_predicted="")
            row |= dict(seconds_per_epoch=2.0, seconds_per_image=5e-5, threads=1, device="cpu")
            row |= dict(wall_seconds=30.0, cpu_seconds=28.0, peak_memory_bytes=2**30)
            row |= dict.fromkeys(
                (f"gpu_{x}" for x in ("utilisation_percent", "memory_access_percent", "samples")),
                np.nan,
            )
            row |= dict(gpu_allocated_bytes=np.nan, gpu_reserved_bytes=np.nan)
            row |= own | changes.get(name, {})
            limits = {}
            for key in row:
                if key.endswith(("acc", "loss", "cross_entropy")):
                    known = seeds > 1 or key == "test_acc"
                    limits[f"{key}_low"] = row[key] - 0.01 if known else np.nan
                    limits[f"{key}_high"] = row[key] + 0.01 if known else np.nan
            spread = {"test_acc_sd": 0.005, "difference": -0.01, "difference_low": -0.02}
            spread |= {"difference_high": 0.001}
            if seeds == 1 or row["best"]:
                spread |= dict.fromkeys(["difference_low", "difference_high"], np.nan)
            rows.append({"network": name, "seeds": seeds} | row | limits | spread)
        return pd.DataFrame(rows)

    return make
