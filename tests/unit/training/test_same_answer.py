"""Speed changes no answer: every network of the study against the newcomer's plain torch.

From the same initial weights, over the same batches, the losses of the first steps agree. Dropout
is off, because the two draw their chance differently.
"""

import json

import pytest
import torch
from plain_loop import BENCHMARKS, newcomer, plain_losses
from torch import nn

from blocklab.data.prepared import Split
from blocklab.networks.kernels.compiled import kernels
from blocklab.networks.network import resolve
from blocklab.training.learner import Learner
from blocklab.training.settings import Settings

NETWORKS = json.loads((BENCHMARKS / "networks.json").read_text(encoding="utf-8"))
BATCH, STEPS = 8, 6


def images_and_labels():
    """Images with few grey values, as digits have, so that the Transformer takes its short way."""
    generator = torch.Generator().manual_seed(3)
    images = torch.randint(0, 256, (BATCH * STEPS, 1, 32, 32), generator=generator)
    images = images // 8 * 8 * (torch.rand(images.shape, generator=generator) > 0.6)
    return images.to(torch.uint8), torch.randint(0, 10, (BATCH * STEPS,), generator=generator)


def newcomers(name: str, network: nn.Module) -> nn.Module:
    """Return the newcomer's network with the weights of ours."""
    plain = newcomer.NETWORKS[name]()
    ours = dict(network.named_parameters())
    if name == "transformer":
        block = network[0]
        for layer, other in zip(block.layers, plain[0].layers, strict=True):
            attention = layer.attention
            inputs = (attention.query, attention.key, attention.value)
            joined = [
                torch.cat([projection[1].weight for projection in inputs]),
                torch.cat([projection[1].bias for projection in inputs]),
            ]
            weights = [projection[0].weight for projection in inputs]
            weights += [*joined, *attention.output.parameters(), *layer.feed_forward.parameters()]
            copy(weights, other)
        copy([*block.embed.parameters()], plain[0].embed)
        copy([*block.content.parameters()], plain[0].content)
        copy([*network[-1].parameters()], plain[-1])
    else:
        copy(list(ours.values()), plain)
    return plain


def copy(weights: list[torch.Tensor], target: nn.Module) -> None:
    with torch.no_grad():
        for parameter, value in zip(target.parameters(), weights, strict=True):
            assert parameter.shape == value.shape
            parameter.copy_(value)


def without_dropout(network: nn.Module) -> nn.Module:
    for module in network.modules():
        if isinstance(module, nn.Dropout | nn.Dropout2d):
            module.p = 0.0
        elif hasattr(module, "rate"):
            module.rate = 0.0
    return network


# How far a loss of about 2.3 nats may be off after six steps.
WAYS = {
    "kernels in float32": (True, "float32", 5e-4),
    "torch alone in float32": (False, "float32", 5e-4),
    "kernels in bfloat16": (True, "bfloat16", 2e-2),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NETWORKS)
def test_the_first_losses_are_those_of_the_plain_loop(name, way):
    compiled, precision, tolerance = WAYS[way]
    settings = Settings(
        batch_size=BATCH,
        epochs=1,
        optimizer="adam",
        learning_rate=0.001,
        loss="double_softmax_cross_entropy",
        precision=precision,
        compile=compiled,
    )
    images, labels = images_and_labels()
    split = Split(images, labels, labels)
    layers = resolve(name, NETWORKS[name]["layers"], (1, 32, 32), 10)
    learner = Learner(layers, split, settings, 0)
    without_dropout(learner.network)
    plain = without_dropout(newcomers(name, learner.network)).train()

    learner.start_epoch()
    with kernels(compiled):
        for step in range(STEPS):
            learner.step(step * BATCH)
    losses = learner.losses.tolist()
    orders = learner.permutation.split(BATCH)
    expected = plain_losses(plain, [(images[chosen], labels[chosen]) for chosen in orders])
    assert expected[-1] != pytest.approx(expected[0], abs=1e-3)  # something was learned
    assert losses == pytest.approx(expected, abs=tolerance)
