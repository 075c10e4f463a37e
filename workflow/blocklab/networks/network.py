"""A network: layers in YAML become a `torch.nn.Sequential`, checked layer by layer."""

from collections import OrderedDict
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from blocklab.errors import UserError, plain, shown, suggest
from blocklab.networks.arguments import check_arguments, dims, infer
from blocklab.networks.blocks.registry import is_a_file, known_blocks, load_block
from blocklab.networks.faults import defined, fault, raised_by_a_block
from blocklab.networks.images import as_input
from blocklab.networks.other_names import BLOCKS, NO_BLOCK

Shape = tuple[int, ...]

MOST_REPEATS = 1000
INFERENCE_BATCH = 500
LARGEST_SIDE = 512  # pixels, the most that a config may ask for


@dataclass(frozen=True)
class Layer:
    """One layer whose arguments and shapes (without the batch) are known to fit."""

    block: str
    cls: type[nn.Module]
    arguments: dict[str, Any]
    output_shape: Shape


def resolve(
    name: str, layers: list, input_shape: Shape, classes: int, device: str = "meta"
) -> list[Layer]:
    """Check a network's layers and infer every shape, each layer run on images of no content.

    `layers` is the YAML list: 'flatten', {'maxpool': 2} or {'conv': {'out': 8, 'repeat': 2}};
    'classes' as a value stands for the number of classes. `input_shape` is (C, H, W). On "meta" no
    weight is allocated, but torch imports its meta kernels, which takes a second; "cpu" is for
    networks that are known to fit.
    Raises UserError with network, layer, what is wrong, and the closest valid name.
    """
    resolved: list[Layer] = []
    shape, files = input_shape, known_blocks()
    for position, entry in enumerate(layers, start=1):
        block, given = _read(entry, f"networks.{name}, layer {position}")
        where = f"networks.{name}, layer {position} ({block})"
        try:
            cls = _find(block, files)
            for arguments in _expand(cls, given, classes):
                layer = _fit(block, cls, arguments, shape, device)
                resolved.append(layer)
                shape = layer.output_shape
        except ValueError as error:
            raise UserError(f"{where}: {error}") from None
    if shape != (classes,):
        raise UserError(
            f"networks.{name}: the last layer gives {dims(shape)}, but there are {classes} "
            "classes; end with 'flatten' and 'linear: {out: classes}'"
        )
    return resolved


def build(layers: list[Layer]) -> nn.Sequential:
    """Instantiate resolved layers, with weights from torch's global random state."""
    modules: dict[str, nn.Module] = {}
    for position, layer in enumerate(layers, start=1):
        modules[f"{position:02d}_{layer.block}"] = layer.cls(**layer.arguments)
    return nn.Sequential(OrderedDict(modules))


def initialise(layers: list[Layer], seed: int) -> nn.Sequential:
    """Return the network as it is before training with `seed`, on the CPU."""
    torch.manual_seed(seed)
    return build(layers)


def predict(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Return the logits [N, K] of uint8 images [N, C, H, W], in evaluation mode and float32."""
    network.eval()
    with exact_float32(), torch.inference_mode():
        return torch.cat([network(as_input(batch)) for batch in images.split(INFERENCE_BATCH)])


def exact_float32() -> AbstractContextManager:
    """Return the context in which convolutions on CUDA take float32 as it is, not cut to TF32."""
    # Nor are algorithms tried out, as they are in training, which repeats the same step longer.
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, allow_tf32=False)


def _read(entry: Any, where: str) -> tuple[str, Any]:
    if isinstance(entry, str):
        return entry, None
    if isinstance(entry, dict) and len(entry) == 1:
        block, given = next(iter(entry.items()))
        return str(block), given
    raise UserError(
        f"{where}: {shown(entry)} is no layer; write 'block' or 'block: {{argument: value}}'"
    )


def _find(block: str, files: Mapping[str, list[str]]) -> type[nn.Module]:
    """Return the class of a block, whose file is imported for it."""
    if block not in files:
        if reason := NO_BLOCK.get(plain(block)):
            raise ValueError(f"no such block; {reason}")
        if is_a_file(block) and not any(block in named for named in files.values()):
            raise ValueError(
                f'no such block; {block}.py must have @block("{block}") over its class'
            )
        raise ValueError(f"no such block{suggest(block, files, BLOCKS)}")
    if len(files[block]) > 1:
        named = ", ".join(f"{file}.py" for file in files[block])
        raise ValueError(f"two files have a block of that name: {named}; rename one")
    try:
        cls = load_block(block, files)
    except (Exception, SystemExit) as error:  # whatever a user's file may do
        raise ValueError(fault(error)) from None
    if not (isinstance(cls, type) and issubclass(cls, nn.Module)):
        raise ValueError(f"is no torch.nn.Module ({defined(cls)})")
    return cls


def _expand(cls: type[nn.Module], given: Any, classes: int) -> list[dict[str, Any]]:
    """Return the arguments of each repetition, `classes` and short forms replaced."""
    repeat = 1
    if isinstance(given, dict):
        given = {key: classes if value == "classes" else value for key, value in given.items()}
        repeat = given.pop("repeat", 1)
        if type(repeat) is not int or not 1 <= repeat <= MOST_REPEATS:
            raise ValueError(
                f"repeat is {shown(repeat)}; it must be a whole number from 1 to {MOST_REPEATS}"
            )
    elif given == "classes":
        given = classes
    return [check_arguments(cls, given)] * repeat


def _fit(
    block: str, cls: type[nn.Module], arguments: dict[str, Any], shape: Shape, device: str
) -> Layer:
    """Complete the arguments from the input's shape and run the layer on `device`."""
    arguments = infer(cls, shape) | arguments
    try:
        output = _output_shape(cls, arguments, shape, device)
    except _Refusal:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's block may do
        raise ValueError(_reason(error, cls, arguments, shape)) from None
    return Layer(block, cls, arguments, output)


class _Refusal(ValueError):
    """What the user is to read of a layer as it stands."""


def _output_shape(
    cls: type[nn.Module], arguments: dict[str, Any], shape: Shape, device: str
) -> Shape:
    """Return the shape that one image leaves the layer with, in training and in evaluation."""
    with torch.device(device), torch.no_grad():
        try:
            module = cls(**arguments)
        except ValueError as error:
            if raised_by_a_block(error):  # what else must hold of its arguments
                raise _Refusal(str(error)) from None
            raise
        if "_modules" not in vars(module):
            raise AttributeError("cannot work before Module.__init__() call")
        # One image is what a last batch may hold; in training, batch normalisation refuses it.
        outputs = [module(torch.zeros(2, *shape)), module.eval()(torch.zeros(1, *shape))]
    for output, images in zip(outputs, (2, 1), strict=True):
        if not isinstance(output, torch.Tensor):
            what = "nothing" if output is None else f"a {type(output).__name__}"
            raise _Refusal(f"returns {what}, not a tensor ({defined(cls.forward)})")
        if output.shape[:1] != (images,):
            made = dims(output.shape) or "a single number"
            raise _Refusal(
                f"makes {made} of {images} x {dims(shape)}; the first number, that of the "
                f"images, must stay ({defined(cls.forward)})"
            )
    training, evaluation = (tuple(output.shape[1:]) for output in outputs)
    if training != evaluation:
        raise _Refusal(
            f"gives {dims(training)} in training, for two images, but {dims(evaluation)} in "
            f"evaluation, for one ({defined(cls.forward)})"
        )
    return training


def _reason(error: Exception, cls: type, arguments: dict[str, Any], shape: Shape) -> str:
    """Return why a layer failed: its input is too small, or else something in its own code."""
    if len(shape) == 3:
        large = shape[0], *(max(side, LARGEST_SIDE) for side in shape[1:])
        try:
            _output_shape(cls, arguments | infer(cls, large), large, "meta")
        except Exception:
            pass
        else:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            return (
                f"does not fit its input of {dims(shape)} ({reason}); "
                "raise dataset.input_size or take a layer out"
            )
    return f"does not run on its input of {dims(shape)}: {fault(error, cls)}"
