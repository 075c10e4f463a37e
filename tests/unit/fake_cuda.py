"""CUDA without a card: `with fake_cuda() as card:` runs code for it on tensors without numbers.

torch's FakeTensorMode gives every tensor a device, a shape and a type, and operations refuse what
does not go together; nothing is computed. What needs a driver all the same has a stand-in here.
Found are tensors on the wrong device, shapes that do not fit and calls that do not exist; not
found are wrong numbers, what a capture forbids, and indices that lie on another device.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from unittest import mock

import numpy as np
import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.nn import Module, Parameter


class Generator(torch.Generator):
    """A generator on the processor, whatever device is asked for."""

    def __new__(cls, device: object = None) -> "Generator":
        return super().__new__(cls)


@dataclass
class Card:
    """What was done with the card that is not there, and with the graphs on it."""

    stream: object  # the current one
    captures: int = 0
    replays: int = 0
    end_capture: Callable[[], None] = lambda: None  # for a test to let it fail

    @contextmanager
    def on(self, stream: object) -> Iterator[None]:
        before, self.stream = self.stream, stream
        try:
            yield
        finally:
            self.stream = before

    @contextmanager
    def capture(self, graph: "Card", stream: object) -> Iterator[None]:
        """As torch does, leave the graph's stream current if the capture cannot be ended."""
        before, self.stream = self.stream, stream
        yield
        self.end_capture()
        self.captures += 1
        self.stream = before

    def register_generator_state(self, generator: Generator) -> None:
        assert isinstance(generator, Generator)

    def replay(self) -> None:
        self.replays += 1


def backpropagate(outputs: list[torch.Tensor]) -> dict[torch.Tensor, torch.Tensor]:
    """Return by leaf what autograd would add to it: its own engine asks for a driver.

    Hooks are left out. Raises AssertionError for a gradient that is not on its tensor's device.
    """
    pending, leaves = {}, {}  # by node, by number of its output: the gradient so far

    def receive(node, number: int, gradient: torch.Tensor) -> None:
        expected = node._input_metadata[number]
        assert gradient.device == expected.device, f"{node.name()}: gradient on {gradient.device}"
        gradient = gradient.sum_to_size(expected.shape).to(expected.dtype)
        gradients = (leaves if hasattr(node, "variable") else pending).setdefault(node, {})
        gradients[number] = gradients[number] + gradient if number in gradients else gradient

    for output in outputs:
        receive(output.grad_fn, output.output_nr, torch.ones_like(output))
    with torch.no_grad():
        while pending:
            # Nodes count upwards as they are made, so the last made has had all its gradients.
            node = max(pending, key=lambda node: node._sequence_nr())
            gradients = pending.pop(node)
            inputs = [gradients.get(number) for number in range(len(node._input_metadata))]
            results = getattr(node, "apply", node)(*inputs)
            results = results if isinstance(results, tuple) else (results,)
            for (following, number), result in zip(node.next_functions, results, strict=True):
                if following is not None and result is not None:
                    receive(following, number, result)
    return {node.variable: gradients[0] for node, gradients in leaves.items()}


def backward(loss: torch.Tensor) -> None:
    for leaf, gradient in backpropagate([loss]).items():
        leaf.grad = gradient if leaf.grad is None else leaf.grad + gradient


def grad(outputs, inputs, *_: object, **__: object) -> tuple[torch.Tensor, ...]:
    several = [[x] if isinstance(x, torch.Tensor) else x for x in (outputs, inputs)]
    leaves = backpropagate(several[0])
    return tuple(leaves[x] for x in several[1])


def fused_step(*lists: list[torch.Tensor], lr: torch.Tensor, **_: object) -> None:
    """Check an optimizer's step: torch does not know it on fake tensors."""
    devices = {tensor.device for tensors in (*lists, [lr]) for tensor in tensors}
    assert len(devices) == 1, f"an optimizer's step on {devices}"


def convert(module: Module, change, recurse: bool = True) -> Module:
    """Do what Module._apply does, without swapping tensors, which fake ones refuse."""
    for one in module.modules():
        for name, value in one._parameters.items():
            if value is not None:
                one._parameters[name] = Parameter(change(value.detach()), value.requires_grad)
        for name, value in one._buffers.items():
            one._buffers[name] = None if value is None else change(value)
    return module


def no_numbers(tensor: torch.Tensor) -> np.ndarray:
    """Return ones in place of what nobody computed; a tensor on a card has no array."""
    assert tensor.device.type == "cpu"
    return np.ones(tensor.shape, str(tensor.dtype).removeprefix("torch."))


@contextmanager
def fake_cuda() -> Iterator[Card]:
    """Yield the card on which everything in the block that is put on "cuda" seems to be."""
    card = Card(mock.Mock())
    stand_ins = [
        (torch.cuda, "Stream", lambda device=None: mock.Mock()),
        (torch.cuda, "stream", card.on),
        (torch.cuda, "current_stream", lambda device=None: card.stream),
        (torch.cuda, "CUDAGraph", lambda: card),
        (torch.cuda, "graph", card.capture),
        (torch.cuda.amp.common, "amp_definitely_not_available", lambda: False),
        (torch.cuda, "is_bf16_supported", lambda including_emulation=True: True),
        (torch, "Generator", Generator),
        *((torch, f"_fused_{name}_", fused_step) for name in ("adam", "adamw", "sgd")),
        (torch.autograd, "grad", grad),
        (torch.Tensor, "backward", backward),
        (Module, "_apply", convert),
        (FakeTensor, "numpy", no_numbers),
        (FakeTensor, "tolist", lambda tensor: np.ones(tensor.shape).tolist()),
        (FakeTensor, "item", lambda tensor: 1.0),
        (FakeTensor, "__bool__", lambda tensor: True),
    ]
    with FakeTensorMode(allow_non_fake_inputs=True), ExitStack() as stack:
        for owner, name, stand_in in stand_ins:
            stack.enter_context(mock.patch.object(owner, name, stand_in))
        yield card
