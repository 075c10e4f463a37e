"""A network: layers in YAML become a `torch.nn.Sequential`, checked layer by layer."""

from collections import OrderedDict
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from blocklab.errors import UserError, suggest
from blocklab.networks.arguments import INFERRED, check_arguments, inferred
from blocklab.networks.blocks.registry import all_blocks
from blocklab.networks.images import as_input

Shape = tuple[int, ...]

MOST_REPEATS = 1000
INFERENCE_BATCH = 500


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
    """Check a network's layers and infer every shape, each layer run on two images of no content.

    `layers` is the YAML list: 'flatten', {'maxpool': 2} or {'conv': {'out': 8, 'repeat': 2}};
    'classes' as a value stands for the number of classes. `input_shape` is (C, H, W). On "meta" no
    weight is allocated, but torch imports its meta kernels, which takes a second; "cpu" is for
    networks that are known to fit.
    Raises UserError with network, layer, what is wrong, and the closest valid name.
    """
    resolved: list[Layer] = []
    shape = input_shape
    for position, entry in enumerate(layers, start=1):
        block, given = _read(entry, f"networks.{name}, layer {position}")
        where = f"networks.{name}, layer {position} ({block})"
        try:
            for arguments in _expand(block, given, classes):
                layer = _fit(block, arguments, shape, device)
                resolved.append(layer)
                shape = layer.output_shape
        except ValueError as error:
            raise UserError(f"{where}: {error}") from None
    if shape != (classes,):
        raise UserError(
            f"networks.{name}: the last layer gives {_text(shape)}, but there are {classes} "
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
        f"{where}: {entry!r} is no layer; write 'block' or 'block: {{argument: value}}'"
    )


def _expand(block: str, given: Any, classes: int) -> list[dict[str, Any]]:
    """Return the arguments of each repetition, `classes` and short forms replaced."""
    blocks = all_blocks()
    if block not in blocks:
        raise ValueError(f"no such block{suggest(block, blocks)}")
    repeat = 1
    if isinstance(given, dict):
        given = {key: classes if value == "classes" else value for key, value in given.items()}
        repeat = given.pop("repeat", 1)
        if type(repeat) is not int or not 1 <= repeat <= MOST_REPEATS:
            raise ValueError(
                f"repeat is {repeat!r:.200}; it must be a whole number from 1 to {MOST_REPEATS}"
            )
    elif given == "classes":
        given = classes
    return [check_arguments(blocks[block], given)] * repeat


def _fit(block: str, arguments: dict[str, Any], shape: Shape, device: str) -> Layer:
    """Complete the arguments from the input's shape and run the layer on `device`."""
    cls = all_blocks()[block]
    needed = inferred(cls)
    if needed:
        if len(shape) != INFERRED[needed]:
            wanted = "channels x height x width" if needed == "in_channels" else "a flat vector"
            hint = "; put 'flatten' before it" if needed == "in_features" else ""
            raise ValueError(f"needs {wanted}, but its input is {_text(shape)}{hint}")
        arguments = {needed: shape[0], **arguments}
    try:
        with torch.device(device), torch.no_grad():
            output = cls(**arguments)(torch.zeros(2, *shape))
    except (RuntimeError, IndexError, TypeError, OverflowError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"does not fit its input of {_text(shape)} ({reason}); "
            "raise dataset.input_size or take a layer out"
        ) from None
    return Layer(block, cls, arguments, tuple(output.shape[1:]))


def _text(shape: Shape) -> str:
    return " x ".join(map(str, shape))
