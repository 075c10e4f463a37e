"""One seed of one network while it learns: its state, and the step that changes it.

On CUDA some steps are captured once as a graph and then replayed: small networks would otherwise
wait for the processor to launch their many small kernels one by one.
"""

import logging
import math
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

from blocklab.data.prepared import Split
from blocklab.losses import LOSSES
from blocklab.networks.images import as_input
from blocklab.networks.network import INFERENCE_BATCH, Layer, initialise
from blocklab.training.augmentation import Augmentation
from blocklab.training.averaging import Average
from blocklab.training.optimizers import make_optimizer
from blocklab.training.schedules import learning_rates
from blocklab.training.settings import Settings

log = logging.getLogger(__name__)

WARM_UP_STEPS = 3  # what torch asks for before a capture
# Beyond every seed of a study: distortions must not be drawn as dropout and order are.
AUGMENTATION_SEED = 2**31
# In one graph. More would share its launch still better, and take longer to capture (an estimate).
MOST_STEPS_AT_ONCE = 5


class Learner:
    """A network, its optimizer and its own random states, so that others beside it change nothing.

        learner.start_epoch()
        for start in range(0, len(split.labels), learner.stride):
            learner.step(start)
        acc, loss, diverged_at = learner.finish_epoch()

    Everything stays on the split's device; only `finish_epoch` waits for it, once. A stride is the
    images of one batch, or on CUDA of as many as one graph learns from.
    """

    def __init__(self, layers: list[Layer], split: Split, settings: Settings, seed: int) -> None:
        device = split.images.device
        self.layers, self.split, self.settings, self.seed = layers, split, settings, seed
        self.network = initialise(layers, seed).to(device, memory_format=torch.channels_last)
        self.order_generator = torch.Generator().manual_seed(seed)
        self.dropout_generator = torch.Generator(device).manual_seed(seed)
        for module in self.network.modules():
            if hasattr(module, "generator"):
                module.generator = self.dropout_generator
        self.augmentation_generator = torch.Generator(device).manual_seed(AUGMENTATION_SEED + seed)
        self.augmentation = Augmentation(settings.augmentation, self.augmentation_generator)
        self.average = Average(self.network, settings)
        count = len(split.labels)
        self.batch_size = min(settings.batch_size, count)
        self.permutation = torch.zeros(count, dtype=torch.int64, device=device)
        whole = count // self.batch_size
        self.batches = self.permutation[: whole * self.batch_size].view(whole, self.batch_size)
        # Of the epoch so far: how many steps there were, and what each of them saw.
        self.steps = torch.zeros(1, dtype=torch.int64, device=device)
        self.numbers = torch.arange(math.ceil(count / self.batch_size), device=device)
        self.losses = torch.zeros(len(self.numbers), device=device)
        self.correct = torch.zeros(len(self.numbers), dtype=torch.int64, device=device)
        self.history: list[dict[str, float]] = []  # a row per epoch that is done
        self.finished = 0  # epochs, the one whose row is being made included
        # Of the whole training: how many steps there were, and the learning rate of each.
        self.taken = torch.zeros(1, dtype=torch.int64, device=device)
        rates = learning_rates(settings, settings.epochs * len(self.numbers))
        self.rates = None if rates is None else rates.to(device)
        self.optimizer = make_optimizer(self.network, settings, device, rates is not None)
        self.graph: torch.cuda.CUDAGraph | None = None
        self.stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self.steps_at_once = most_at_once(whole) if self.stream else 1
        self.stride = self.steps_at_once * self.batch_size
        if self.stream:
            self.stream.wait_stream(torch.cuda.current_stream(device))

    def on_stream(self) -> AbstractContextManager:
        """Return the context in which this learner's work on a GPU is queued."""
        return torch.cuda.stream(self.stream) if self.stream else nullcontext()

    def start_epoch(self) -> None:
        """Shuffle the images and begin to count the steps."""
        with self.on_stream():
            order = torch.randperm(len(self.permutation), generator=self.order_generator)
            self.permutation.copy_(order)
            self.steps.zero_()
        self.network.train()

    def step(self, start: int) -> None:
        """Learn from the batches of one stride, that from `start` in the epoch's order."""
        images = self.permutation[start : start + self.stride]
        with self.on_stream():
            if self.graph and len(images) == self.stride:
                self.graph.replay()
            else:
                for batch in images.split(self.batch_size):
                    self._learn(batch)

    def finish_epoch(self) -> tuple[float, float, int | None]:
        """Return accuracy, mean loss and the first step, from 1, whose loss was not finite.

        Accuracy and loss are over the epoch's images, each as it was learned from. The step is None
        if all losses were finite, the last if weights are not finite after it.
        """
        with self.on_stream():
            finite = [value.isfinite().all() for value in self.network.state_dict().values()]
            finite = torch.stack(finite).all().view(1)
            self.finished = len(self.history) + 1
            self.average.after_epoch(self.finished)
            # The one wait: what comes after it may read all of this on any stream.
            figures = torch.cat([self.losses, self.correct, finite]).tolist()
        count, steps = len(self.permutation), len(self.losses)
        losses, correct, finite = figures[:steps], figures[steps:-1], figures[-1]
        sizes = [min(self.batch_size, count - first) for first in range(0, count, self.batch_size)]
        loss = sum(loss * size for loss, size in zip(losses, sizes, strict=True)) / count
        bad = (step for step, loss in enumerate(losses, start=1) if not math.isfinite(loss))
        return sum(correct) / count, loss, next(bad, None if finite else steps)

    def result(self) -> nn.Module:
        """Return the network that is to be judged: that of the last step, or an average of it."""
        if self.settings.average == "none":
            return self.network
        device = self.split.images.device
        network = initialise(self.layers, self.seed).to(device, memory_format=torch.channels_last)
        network.load_state_dict(self.network.state_dict())
        # Of equal size, for each counts as much as another in the batch statistics.
        images = self.split.images
        batches = images.tensor_split(math.ceil(len(images) / INFERENCE_BATCH))
        epoch = max(self.finished, len(self.history))  # what was restored has only the latter
        self.average.put_into(network, map(as_input, batches), epoch)
        return network

    def capture(self) -> None:
        """Record a stride as a CUDA graph; raises RuntimeError where that is not possible."""
        self.warm_up()
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.dropout_generator)
        graph.register_generator_state(self.augmentation_generator)
        # After a capture that failed, torch leaves the graph's stream current.
        with self.on_stream(), torch.cuda.graph(graph, stream=self.stream):
            for _ in range(self.steps_at_once):
                self._learn_next()
        self.graph = graph

    def warm_up(self) -> None:
        """Take a few steps, so that all there is to allocate is, and undo what they taught."""
        with self.on_stream():
            before = {name: value.clone() for name, value in self.network.state_dict().items()}
            states = {name: drawn.get_state() for name, drawn in self._generators().items()}
            self.network.train()
            for _ in range(WARM_UP_STEPS):
                self.steps.zero_()
                self._learn_next()
            # In place, because a graph keeps addresses; optimizers start from zeros.
            self.network.load_state_dict(before)
            for state in self.optimizer.state.values():
                for value in state.values():
                    value.zero_()
            for value in (self.taken, *self.average.state().values()):
                value.zero_()
            for name, drawn in self._generators().items():
                drawn.set_state(states[name])

    def state(self) -> dict[str, torch.Tensor]:
        """Return all that the next epoch depends on, by name; what lives on is not copied."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        for position, parameter in enumerate(self.network.parameters()):
            for name, value in self.optimizer.state[parameter].items():
                tensors[f"optimizer.{position}.{name}"] = value
        tensors |= {f"average.{name}": value for name, value in self.average.state().items()}
        generators = {name: generator.get_state() for name, generator in self._generators().items()}
        return tensors | {"taken": self.taken} | generators

    def restore(self, state: dict[str, torch.Tensor]) -> None:
        """Become what `state` was taken of; raises KeyError if that was another network."""
        if not self.optimizer.state:
            self.warm_up()
        generators = self._generators()
        with self.on_stream():
            for name, value in self.state().items():
                if name not in generators:
                    value.copy_(state[name])
        for name, generator in generators.items():
            generator.set_state(state[name])

    def _generators(self) -> dict[str, torch.Generator]:
        return {
            "order": self.order_generator,
            "dropout": self.dropout_generator,
            "augmentation": self.augmentation_generator,
        }

    def _learn_next(self) -> None:
        """Learn from the batch whose number is on the device: a graph is the same every time."""
        self._learn(self.batches.index_select(0, self.steps)[0])

    def _learn(self, batch: torch.Tensor) -> None:
        settings = self.settings
        images, labels = as_input(self.split.images[batch]), self.split.labels[batch]
        if self.augmentation:
            images = self.augmentation(images)
        with autocast(images.device, settings.precision):
            logits = self.network(images)
        loss = LOSSES[settings.loss].of_tensors(logits, labels, settings.label_smoothing)
        self.optimizer.zero_grad()
        loss.backward()
        if settings.gradient_clipping:
            nn.utils.clip_grad_norm_(self.network.parameters(), settings.gradient_clipping)
        if self.rates is not None:
            for group in self.optimizer.param_groups:
                group["lr"].copy_(self.rates[self.taken][0])
        self.optimizer.step()
        self.average.after_step()
        self.taken += 1
        # Writing by index would be slow where only deterministic algorithms are allowed.
        here = self.numbers == self.steps
        torch.where(here, loss.detach(), self.losses, out=self.losses)
        torch.where(here, (logits.argmax(dim=1) == labels).sum(), self.correct, out=self.correct)
        self.steps += 1


def most_at_once(batches: int) -> int:
    """Return into graphs of how many steps that many batches divide without a rest."""
    return max(steps for steps in range(1, MOST_STEPS_AT_ONCE + 1) if batches % steps == 0)


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Return the context in which the forward pass runs at `precision`."""
    # Weights are read once per pass, and a graph must not hold on to a cache of them.
    enabled = precision == "bfloat16"
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled, cache_enabled=False)
