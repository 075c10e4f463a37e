"""What runs on a CUDA device, run without one: are all tensors where they should be?"""

import gc
import json
import logging
import sys
import weakref
from pathlib import Path

import pandas as pd
import pytest
import torch
from fake_cuda import fake_cuda
from torch import nn

from blocklab.data.prepared import PreparedData, Split
from blocklab.errors import UserError
from blocklab.evaluation.evaluation import evaluate_run
from blocklab.explanation.explanation import explain
from blocklab.networks.network import Layer, resolve
from blocklab.training.learner import Learner
from blocklab.training.loop import make_learner, train

sys.path.insert(0, str(Path(__file__).parent / "training"))
from recipes import RECIPES

NETWORKS = json.loads(
    (Path(__file__).parents[2] / "benchmarks" / "networks.json").read_text(encoding="utf-8")
)
HOW = [("adam", "bfloat16"), ("adamw", "float32"), ("sgd", "bfloat16")]


@pytest.fixture
def card():
    with fake_cuda() as card:
        yield card


def split(count: int, labels_on: str = "cuda", size: int = 32) -> Split:
    images = torch.zeros(count, 1, size, size, dtype=torch.uint8, device="cuda")
    labels = torch.zeros(count, dtype=torch.int64, device=labels_on)
    return Split(images, labels, labels)


def data_of(training: Split) -> PreparedData:
    return PreparedData(training, split(5), split(5))


@pytest.mark.parametrize(("name", "how"), [*zip(NETWORKS, 2 * HOW, strict=True)])
def test_a_network_is_trained_evaluated_and_explained(card, make_settings, name, how):
    optimizer, precision = how
    layers = resolve(name, NETWORKS[name]["layers"], (1, 32, 32), 10)
    # Four whole batches, which are one graph, and one of 3.
    settings = make_settings(batch_size=4, epochs=2, optimizer=optimizer, precision=precision)
    data, seeds = data_of(split(4 * 4 + 3)), [3, 4]
    networks, history = train(layers, data, settings, seeds)
    assert (card.captures, card.replays) == (2, 4)  # two seeds, two epochs
    assert {value.device.type for n in networks for value in n.state_dict().values()} == {"cuda"}
    _, arrays = evaluate_run(networks[1], 4, data, settings.loss, pd.DataFrame(history))
    assert arrays["test_logits"].shape == (5, 10)
    pytest.importorskip("captum", reason="the rest of it is explained by captum")
    explanation = explain(networks[0], data.test, "logit_minus_mean", 3)
    assert explanation.attributions.shape == (5, 1, 32, 32)


@pytest.mark.parametrize("recipe", [name for name in RECIPES if "," in name])
def test_every_key_of_a_recipe_goes_into_a_graph(card, make_settings, recipe):
    # Without batch normalisation, whose mean over all batches asks for numbers.
    layers = resolve("exp3", NETWORKS["exp3"]["layers"], (1, 32, 32), 10)
    settings = make_settings(batch_size=4, epochs=2, **RECIPES[recipe])
    data = data_of(split(4 * 4 + 3))
    (network,), history = train(layers, data, settings, [3])
    assert (card.captures, card.replays) == (1, 2)
    assert {value.device.type for value in network.state_dict().values()} == {"cuda"}
    _, arrays = evaluate_run(network, 3, data, settings.loss, pd.DataFrame(history), shifts=1)
    assert arrays["test_logits"].shape == (5, 10)


def test_a_captured_learner_takes_what_was_stored_and_goes_on(card, small_layers, make_settings):
    learner = make_learner(small_layers, split(60, size=8), make_settings(), 3)
    learner.restore({name: value.cpu() for name, value in learner.state().items()})
    assert {value.device.type for value in learner.network.state_dict().values()} == {"cuda"}
    learner.start_epoch()
    learner.step(0)
    assert card.replays == 1


class Misplaced(nn.Module):
    """A block that makes a tensor on the processor wherever it computes."""

    def forward(self, x):
        return x + torch.zeros(x.shape[1])


class MisplacedGradient(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        return x.clone()

    @staticmethod
    def backward(context, gradient):
        return gradient.cpu()


class Backward(nn.Module):
    def forward(self, x):
        return MisplacedGradient.apply(x)


@pytest.mark.parametrize("planted", [Misplaced, Backward, "labels"])
def test_a_tensor_on_the_wrong_device_is_found(card, small_layers, make_settings, planted):
    training = split(20, labels_on="cpu" if planted == "labels" else "cuda", size=8)
    if planted != "labels":
        small_layers.append(Layer("planted", planted, {}, (4,)))
    with pytest.raises((RuntimeError, AssertionError), match=r"devices.* cpu|on cpu"):
        train(small_layers, PreparedData(training, training, training), make_settings(), [0])


def test_a_capture_that_fails_leaves_its_stream_and_its_memory(
    card, small_layers, make_settings, monkeypatch, caplog
):
    """torch.cuda.graph leaves its stream current where the capture cannot be ended."""
    built = []

    class Watched(Learner):
        def __init__(self, *args):
            assert not any(earlier() for earlier in built)
            super().__init__(*args)
            built.append(weakref.ref(self))

    monkeypatch.setattr("blocklab.training.loop.Learner", Watched)

    def fails():
        raise RuntimeError("operation not permitted\nwhen stream is capturing")

    card.end_capture = fails
    before = card.stream
    gc.disable()  # memory is wanted at once, not some time later
    try:
        learner = make_learner(small_layers, split(60, size=8), make_settings(), 3)
    finally:
        gc.enable()
    assert len(built) == 2
    assert learner.graph is None
    assert card.stream is before
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert record.getMessage() == "no CUDA graph, so training is slower: operation not permitted"


NO_MEMORY = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")


@pytest.mark.parametrize(
    "error",
    [
        NO_MEMORY,
        RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be reported later"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    ],
    ids=["torch", "CUDA", "cuBLAS", "cuDNN"],
)
@pytest.mark.parametrize("hidden", [False, True], ids=["plain", "behind another"])
def test_too_little_memory_for_a_capture_is_one_line(
    card, small_layers, make_settings, error, hidden
):
    def fails():
        try:
            raise error
        finally:
            if hidden:
                raise RuntimeError("CUDA error: operation failed due to a previous error")

    card.end_capture = fails
    with pytest.raises(UserError, match="csp: the GPU's memory does not suffice for batches of 16"):
        train(small_layers, data_of(split(60, size=8)), make_settings(), [3], "csp")
