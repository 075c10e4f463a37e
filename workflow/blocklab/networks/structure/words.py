"""What a reader calls a layer or a function of torch."""

import re
from collections.abc import Mapping
from typing import Any

from torch import nn

OPERATORS = {
    **dict.fromkeys(("add", "__add__", "__radd__", "__iadd__", "add_"), ("add", "+")),
    **dict.fromkeys(("sub", "__sub__", "__rsub__", "subtract"), ("add", "−")),
    **dict.fromkeys(("mul", "__mul__", "__rmul__", "__imul__", "multiply"), ("product", "×")),
    **dict.fromkeys(("cat", "concat", "concatenate", "stack"), ("concatenation", "concatenation")),
}
ACTIVATIONS = {"relu": "ReLU", "silu": "SiLU", "gelu": "GELU", "sigmoid": "Sigmoid", "tanh": "Tanh"}
CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
KINDS = {
    "activation": "activation",
    "batchnorm": "norm",
    "conv": "conv",
    "instancenorm": "norm",
    "linear": "linear",
    "normalization": "norm",
    "pooling": "pool",
}


def is_layer(module: nn.Module) -> bool:
    """Tell whether a module is one of torch's that is drawn as a whole."""
    layer = any(map(_is_of_torch, type(module).__mro__))
    return layer and (isinstance(module, nn.MultiheadAttention) or not list(module.children()))


def layer_words(module: nn.Module) -> tuple[str, list[str]]:
    """Return the kind and the words of one of torch's layers (`is_layer`)."""
    cls = next(filter(_is_of_torch, type(module).__mro__))
    kind = KINDS.get(cls.__module__.rpartition(".")[2], "other")
    if isinstance(module, nn.MultiheadAttention):
        return "attention", [_heads(module.num_heads)]
    if kind == "activation":
        return kind, [cls.__name__]
    if kind == "conv":
        groups, channels = module.groups, module.in_channels
        depthwise = groups > 1 and groups == channels
        words = [_sized(f"{'depthwise ' * depthwise}{in_words(cls.__name__)}", vars(module), 1)]
        return kind, words + [f"{groups} groups"] * (groups > 1 and not depthwise)
    if kind == "pool":
        return kind, [
            _sized(in_words(cls.__name__), vars(module), module.__dict__.get("kernel_size"))
        ]
    return kind, [in_words(cls.__name__)]


def function_words(
    name: str, args: tuple, kwargs: Mapping[str, Any], inputs: int, learned: list[str]
) -> tuple[str, list[str]]:
    """Return the kind and the words of a call of a function of torch's with so many inputs.

    learned: the names of the parameters that it takes besides.
    """
    if name in OPERATORS and inputs > 1:
        kind, sign = OPERATORS[name]
        return kind, [sign]
    if name in OPERATORS and learned:
        return "other", [f"{OPERATORS[name][1]} learned {' and '.join(learned)}"]
    if name == "scaled_dot_product_attention":
        return "attention", [_heads(args[0].shape[1] if args[0].dim() == 4 else 1)]
    if re.fullmatch(r"(max|avg)_pool\dd", name):
        given = dict(zip(("kernel_size", "stride"), args[1:], strict=False)) | kwargs
        return "pool", [_sized(in_words(name), given, given["kernel_size"])]
    if name == "mean":
        return "pool", ["mean of each channel" if args[0].dim() == 4 else name]
    if name in ACTIVATIONS:
        return "activation", [ACTIVATIONS[name]]
    return ("linear" if name == "linear" else "other"), [in_words(name.strip("_"))]


def in_words(name: str) -> str:
    """Return 'batch norm' for BatchNorm2d, and 'max-pool' for max_pool2d."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", re.sub(r"\dd$", "", name)).lower()
    return words.replace("max pool", "max-pool").replace("avg pool", "average pool")


def _is_of_torch(cls: type) -> bool:
    layers = cls.__module__.startswith("torch.nn.modules.")
    return layers and cls is not nn.Module and not issubclass(cls, CONTAINERS)


def _heads(heads: int) -> str:
    return f"attention, {heads} head{'s' * (heads != 1)}"


def _sized(name: str, values: Mapping[str, Any], usual_stride: Any) -> str:
    """Return 'conv 3×3, stride 2', say; the stride only where it is not the usual one."""
    kernel, stride = values.get("kernel_size"), values.get("stride")
    text = name if kernel is None else f"{name} {_sides(kernel)}"
    if stride in (None, ()) or _sides(stride) == _sides(usual_stride):
        return text
    return f"{text}, stride {_sides(stride) if len({*_pair(stride)}) > 1 else _pair(stride)[0]}"


def _sides(value: Any) -> str:
    return "×".join(map(str, _pair(value)))


def _pair(value: Any) -> tuple:
    return tuple(value) if isinstance(value, tuple | list) else (value, value)
