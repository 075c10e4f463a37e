"""What a module does to its input, recorded while it runs on an image of no content.

Every call of a layer of torch's, and of a function of torch's outside of layers, becomes a step.
torch.fx would record without running, and cannot follow a block that asks for a shape or a value; a
run goes the way that images go.
"""

from dataclasses import asdict
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from blocklab.networks.kernels.compiled import kernels
from blocklab.networks.network import Shape
from blocklab.networks.structure.graph import Call, Step, simplified
from blocklab.networks.structure.words import function_words, in_words, is_layer, layer_words

# They give the same numbers in another order or type, which is no step.
REORDERING = {
    *("flatten", "unflatten", "transpose", "reshape", "view", "permute", "contiguous", "squeeze"),
    *("unsqueeze", "swapaxes", "movedim", "to", "float", "type_as", "expand", "expand_as", "clone"),
    *("detach", "T", "mT"),
}


def structure(module: nn.Module, input_shape: Shape) -> dict[str, Any]:
    """Return what `module` does to one image or vector of `input_shape`, ready for JSON.

    steps: the fields of `Step`, the input first, the output last. calls: by number, as text, the
    fields of `Call`. complete: whether the way from input to output could be followed; if not, as
    in a block that computes outside of torch's functions, steps are the modules that it holds, one
    after another, with no shapes.
    The module keeps the hooks of the recording: build one for this, on the meta device.
    """
    recorder = _Recorder(module.eval())
    with torch.no_grad(), kernels(False):
        image = recorder.start(torch.zeros(1, *input_shape, device="meta"))
        try:
            with recorder:
                output = module(image)
        except Exception:  # it ran before: what is wrong is to be watched, such as compiled code
            output = None
    source = recorder.source(output)
    steps, calls = recorder.steps, recorder.calls
    if source is None:
        steps, calls, source = _as_chain(module, input_shape)
    shape = [] if output is None else list(output.shape[1:])
    steps.append(Step("output", ["output"], shape, [source]))
    drawn, around = simplified(dict(enumerate(steps)), calls)
    return {
        "steps": [asdict(step) for step in drawn],
        "calls": {str(number): asdict(call) for number, call in around.items()},
        "complete": calls is recorder.calls,
    }


class _Recorder(TorchFunctionMode):
    """Keep, of everything that the hooked modules call, what it made of what."""

    def __init__(self, root: nn.Module) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.calls: dict[int, Call] = {}
        self._names = {module: name for name, module in root.named_modules()}
        self._learned = {id(p): name.rpartition(".")[2] for name, p in root.named_parameters()}
        self._made_by: dict[int, int] = {}
        self._kept: list[torch.Tensor] = []  # so that no other gets the id of one that is gone
        self._inside: list[int] = []
        self._layer: nn.Module | None = None
        for module in self._names:
            module.register_forward_pre_hook(self._enter)
            module.register_forward_hook(self._leave, with_kwargs=True)

    def start(self, image: torch.Tensor) -> torch.Tensor:
        self._record("input", ["input"], [image], [])
        return image

    def source(self, tensor: Any) -> int | None:
        """Return the number of the step that made a tensor, None if it is not known."""
        return self._made_by.get(id(tensor))

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        before = self._sources((args, kwargs))
        result = function(*args, **kwargs)
        made = [x for x in tree_leaves(result) if isinstance(x, torch.Tensor)]
        if self._layer is None and before and made:
            name = _name(function)
            if len(before) == 1 and name in REORDERING:
                self._remember(made, before[0])
            else:
                learned = self._learned_among((args, kwargs))
                kind, words = function_words(name, args, kwargs, len(before), [*learned])
                self._record(kind, words, made, before, sum(learned.values()))
        return result

    def _enter(self, module, inputs):
        if self._layer is not None:
            return
        if is_layer(module):
            self._layer = module
            return
        name = self._names[module].rpartition(".")[2]
        parent = self._inside[-1] if self._inside else None
        self._inside.append(len(self.calls))
        self.calls[len(self.calls)] = Call(
            type(module).__name__ if name.isdecimal() or not name else name, parent
        )

    def _leave(self, module, inputs, named_inputs, output):
        inputs = (*inputs, *named_inputs.values())
        if self._layer is None:
            self._record_what_is_missing(module, inputs, output)
            self._inside.pop()
        elif self._layer is module:
            self._layer = None
            before = self._sources(inputs)
            if before and not isinstance(module, nn.Identity):
                kind, words = layer_words(module)
                made = [x for x in tree_leaves(output) if isinstance(x, torch.Tensor)]
                self._record(kind, words, made, before, _parameters(module))

    def _record_what_is_missing(self, module, inputs, output):
        """Record a shortcut that is not used, and what only shows in training, such as dropout."""
        before, after = self._sources(inputs), self.source(output)
        if not before or after is None:
            return
        if getattr(module, "residual", None) is False:
            given, made = inputs[0].shape[1], output.shape[1]
            why = "switched off" if given == made else f"{given} and {made} channels"
            self._record("add", ["+"], [output], [after])
            self.steps[-1].note = f"inactive: {why}"
            self.steps[-1].unused = before[:1]
        elif after == before[0] and not list(module.children()):
            self._record("other", [in_words(type(module).__name__)], [output], before)

    def _record(self, kind, words, made, before, parameters=0):
        shape = list(made[0].shape[1:])
        self.steps.append(Step(kind, words, shape, before, parameters, calls=[*self._inside]))
        self._remember(made, len(self.steps) - 1)

    def _remember(self, tensors, number):
        self._kept += tensors
        self._made_by.update({id(tensor): number for tensor in tensors})

    def _learned_among(self, arguments) -> dict[str, int]:
        """Return the names and sizes of the module's own parameters among the arguments."""
        leaves = [x for x in tree_leaves(arguments) if id(x) in self._learned and x.requires_grad]
        return {self._learned[id(x)]: x.numel() for x in leaves}

    def _sources(self, arguments) -> list[int]:
        found = [self.source(x) for x in tree_leaves(arguments) if isinstance(x, torch.Tensor)]
        return list(dict.fromkeys(number for number in found if number is not None))


def _name(function: Any) -> str:
    """Return a function's name, or that of the property which it reads."""
    name = function.__name__
    return function.__self__.__name__ if name == "__get__" else name


def _parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def _as_chain(module: nn.Module, input_shape: Shape) -> tuple[list[Step], dict[int, Call], int]:
    """Return a step for each module that `module` holds, no calls, and the number of the last."""
    steps = [Step("input", ["input"], list(input_shape), [])]
    for child in module.children():
        kind, words = layer_words(child) if is_layer(child) else ("other", [type(child).__name__])
        steps.append(Step(kind, words, [], [len(steps) - 1], _parameters(child)))
    return steps, {}, len(steps) - 1
