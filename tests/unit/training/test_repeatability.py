"""The same twice, to the bit: every network, on two threads, beside a busy neighbour."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from blocklab.explanation.explanation import explain
from blocklab.networks.network import predict, resolve
from blocklab.training.loop import train

CONFIG = yaml.safe_load((Path(__file__).parents[3] / "config.yaml").read_text(encoding="utf-8"))
REPEATS = 3
BUSY = "while True: sum(range(100_000))"


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    neighbour = subprocess.Popen([sys.executable, "-c", BUSY])
    yield
    neighbour.kill()
    neighbour.wait()
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.parametrize("compile_", [True, False], ids=["kernels", "torch alone"])
@pytest.mark.parametrize("name", CONFIG["networks"])
def test_weights_outputs_and_attributions(digits, two_threads, make_settings, name, compile_):
    layers = resolve(name, CONFIG["networks"][name]["layers"], (1, 32, 32), 10)
    settings = make_settings(batch_size=30, epochs=1, compile=compile_)
    results = []
    for _ in range(REPEATS):
        (network,), history = train(layers, digits, settings, [3])
        explanation = explain(network, digits.test, "logit_minus_mean", 5)
        tensors = [*network.state_dict().values(), predict(network, digits.test.images)]
        tensors += [torch.from_numpy(value) for value in dataclasses.astuple(explanation)]
        numbers = [value for row in history for key, value in row.items() if key != "seconds"]
        results.append((tensors, numbers))
    first = results[0]
    for other in results[1:]:
        assert all(map(torch.equal, first[0], other[0]))
        assert first[1] == other[1]
