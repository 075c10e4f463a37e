"""One seed of one network while it learns: its state, and the step that changes it.

On CUDA the whole step is captured once as a graph and then replayed: small networks would
otherwise wait for the processor to launch their many small kernels one by one.
"""

import copy
import logging
from contextlib import AbstractContextManager, nullcontext

import torch

from blocklab.data.prepared import Split
from blocklab.losses import LOSSES
from blocklab.networks.network import Layer, as_input, initialise
from blocklab.training.optimizers import make_optimizer
from blocklab.training.settings import Settings

log = logging.getLogger(__name__)

WARM_UP_STEPS = 3  # what torch asks for before a capture


class Learner:
    """A network, its optimizer and its own random states, so that others beside it change nothing.

        learner.start_epoch()
        for start in range(0, len(split.labels), settings.batch_size):
            learner.step(start)
        acc, loss = learner.running()

    Everything stays on the split's device; only `running` waits for it.
    """

    def __init__(self, layers: list[Layer], split: Split, settings: Settings, seed: int) -> None:
        device = split.images.device
        self.split, self.settings, self.seed = split, settings, seed
        self.network = initialise(layers, seed).to(device, memory_format=torch.channels_last)
        self.order_generator = torch.Generator().manual_seed(seed)
        self.dropout_generator = torch.Generator(device).manual_seed(seed)
        for module in self.network.modules():
            if hasattr(module, "generator"):
                module.generator = self.dropout_generator
        self.optimizer = make_optimizer(self.network, settings, device)
        self.permutation = torch.zeros(len(split.labels), dtype=torch.int64, device=device)
        self.batch = torch.zeros(settings.batch_size, dtype=torch.int64, device=device)
        self.loss_sum = torch.zeros((), device=device)
        self.correct = torch.zeros((), dtype=torch.int64, device=device)
        self.steps = torch.zeros((), dtype=torch.int64, device=device)
        self.bad_step = torch.zeros((), dtype=torch.int64, device=device)
        self.history: list[dict[str, float]] = []  # a row per epoch that is done
        self.graph: torch.cuda.CUDAGraph | None = None
        self.stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        if self.stream:
            self.stream.wait_stream(torch.cuda.current_stream(device))

    def on_stream(self) -> AbstractContextManager:
        """Return the context in which this learner's work on a GPU is queued."""
        return torch.cuda.stream(self.stream) if self.stream else nullcontext()

    def start_epoch(self) -> None:
        """Shuffle the images and set the running figures to zero."""
        with self.on_stream():
            order = torch.randperm(len(self.permutation), generator=self.order_generator)
            self.permutation.copy_(order)
            for value in (self.loss_sum, self.correct, self.steps, self.bad_step):
                value.zero_()
        self.network.train()

    def step(self, start: int) -> None:
        """Learn from one batch, that from `start` in the epoch's order."""
        batch = self.permutation[start : start + self.settings.batch_size]
        with self.on_stream():
            if self.graph and len(batch) == len(self.batch):
                self.batch.copy_(batch)
                self.graph.replay()
            else:
                self._learn(batch)

    def running(self) -> tuple[float, float]:
        """Return accuracy and mean loss over the epoch's images, each as it was learned from."""
        with self.on_stream():
            count = len(self.permutation)
            return self.correct.item() / count, self.loss_sum.item() / count

    def diverged_at(self) -> int | None:
        """Return the first step of the epoch, from 1, whose loss was not finite; None if all were.

        If weights are not finite after the epoch, that is its last step. Waits for the device.
        """
        with self.on_stream():
            if self.bad_step:
                return self.bad_step.item()
            finite = all(value.isfinite().all() for value in self.network.state_dict().values())
            return None if finite else self.steps.item()

    def capture(self) -> None:
        """Record the step as a CUDA graph; raises RuntimeError where that is not possible."""
        self.warm_up()
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.dropout_generator)
        with torch.cuda.graph(graph, stream=self.stream):
            self._learn(self.batch)
        self.graph = graph

    def warm_up(self) -> None:
        """Take a few steps, so that all there is to allocate is, and undo what they taught."""
        with self.on_stream():
            before = copy.deepcopy(self.network.state_dict())
            dropout_state = self.dropout_generator.get_state()
            self.network.train()
            for _ in range(WARM_UP_STEPS):
                self._learn(self.batch)
            # In place, because a graph keeps addresses; optimizers start from zeros.
            self.network.load_state_dict(before)
            for state in self.optimizer.state.values():
                for value in state.values():
                    value.zero_()
            self.dropout_generator.set_state(dropout_state)

    def state(self) -> dict[str, torch.Tensor]:
        """Return all that the next epoch depends on, by name; what lives on is not copied."""
        tensors = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        for position, parameter in enumerate(self.network.parameters()):
            for name, value in self.optimizer.state[parameter].items():
                tensors[f"optimizer.{position}.{name}"] = value
        generators = {name: generator.get_state() for name, generator in self._generators().items()}
        return tensors | generators

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
        return {"order": self.order_generator, "dropout": self.dropout_generator}

    def _learn(self, batch: torch.Tensor) -> None:
        images, labels = as_input(self.split.images[batch]), self.split.labels[batch]
        with autocast(images.device, self.settings.precision):
            logits = self.network(images)
        loss = LOSSES[self.settings.loss].of_tensors(logits, labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        loss = loss.detach()
        self.steps += 1
        self.bad_step += self.steps * ((self.bad_step == 0) & ~loss.isfinite())
        self.loss_sum += loss * len(labels)
        self.correct += (logits.argmax(dim=1) == labels).sum()


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """Return the context in which the forward pass runs at `precision`."""
    # Weights are read once per pass, and a graph must not hold on to a cache of them.
    enabled = precision == "bfloat16"
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled, cache_enabled=False)
