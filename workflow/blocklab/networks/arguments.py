"""What a block's arguments may be and what they mean, read from the block itself.

Their values are the constructor's annotations; their meaning is the class's docstring, under
`Args:`. The error that a user reads and the page docs/blocks.md are both made of these.
"""

import inspect
import re
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from blocklab.errors import shown, suggest
from blocklab.networks.blocks.registry import Bounds
from blocklab.networks.faults import defined
from blocklab.networks.other_names import ARGUMENTS

# What a constructor's parameters may ask of its input: how many dimensions that must have without
# the batch, and which of them it is.
INFERRED = {"in_channels": (3, 0), "in_size": (3, slice(1, 3)), "in_features": (1, 0)}
NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
NAMES[type(None)] = "null"


def parameters(cls: type) -> dict[str, inspect.Parameter]:
    """Return what YAML may set on a block, in order, without the inferred parameters."""
    signature = inspect.signature(cls.__init__, eval_str=True)
    named = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.name != "self"
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    return {parameter.name: parameter for parameter in named if parameter.name not in INFERRED}


def inferred(cls: type) -> list[str]:
    """Return the names of the parameters that are inferred from the block's input."""
    names = inspect.signature(cls.__init__).parameters
    return [name for name in INFERRED if name in names]


def infer(cls: type, shape: tuple[int, ...]) -> dict[str, Any]:
    """Return a block's inferred arguments for an input of `shape`, without the batch.

    Raises ValueError, one line, if the block takes maps and its input is a vector, or the reverse.
    """
    names = inferred(cls)
    for name in names:
        if len(shape) != INFERRED[name][0]:
            vectors = name == "in_features"
            wanted = "a flat vector" if vectors else "channels x height x width"
            hint = "; put 'flatten' before it" if vectors else ""
            raise ValueError(f"needs {wanted}, but its input is {dims(shape)}{hint}")
    return {name: shape[INFERRED[name][1]] for name in names}


def dims(shape: tuple[int, ...]) -> str:
    """Return a shape in words, such as '8 x 32 x 32'."""
    return " x ".join(map(str, shape))


def describe(cls: type) -> tuple[str, dict[str, str]]:
    """Return a block's docstring without its `Args:`, and what that says of each argument."""
    text, _, section = inspect.cleandoc(cls.__doc__ or "").partition("\nArgs:\n")
    entries = re.findall(r"^    (\w+): (.+(?:\n {5,}.+)*)", section, flags=re.MULTILINE)
    return text.strip(), {name: " ".join(meaning.split()) for name, meaning in entries}


def check_arguments(cls: type, given: Any) -> dict[str, Any]:
    """Return `given` as keyword arguments of the block.

    `given` is None (no arguments), a mapping, or one value, which goes to the first parameter.
    Raises ValueError: an unknown, missing or wrong argument, what it is and what would be right.
    """
    known = parameters(cls)
    meanings = {name: f" ({meaning})" for name, meaning in describe(cls)[1].items()}
    if given is None:
        given = {}
    elif not isinstance(given, dict):
        if not known:
            raise ValueError(f"takes no argument, but was given {shown(given)}")
        given = {next(iter(known)): given}
    for name, value in given.items():
        if name not in known:
            hint = suggest(name, known, ARGUMENTS) if known else "; it takes none"
            raise ValueError(f"unknown argument '{name}'{hint}")
        if not _is_known(known[name].annotation):
            raise ValueError(
                f"{name}'s annotation does not say what it may be; write Count, Size, Fraction, "
                f"Factor, ActivationName, bool, int, float or str ({defined(cls)})"
            )
        if not _fits(value, known[name].annotation):
            right = expected(known[name].annotation) + meanings.get(name, "")
            raise ValueError(f"{name} is {shown(value)}; it must be {right}")
    for name, parameter in known.items():
        if parameter.default is parameter.empty and name not in given:
            raise ValueError(f"argument '{name}' is missing{meanings.get(name, '')}")
    return dict(given)


def expected(annotation: Any) -> str:
    """Return in words what an argument's annotation takes, such as "true or false"."""
    options = get_args(annotation)
    if _is_union(annotation):
        return ", or ".join(map(expected, options))
    if get_origin(annotation) is Literal:
        return f"one of {', '.join(options)}" if len(options) > 1 else options[0]
    if get_origin(annotation) is Annotated:
        kind, bounds = options
        if bounds.maximum is None:
            return f"{expected(kind)}, at least {bounds.minimum:g}"
        return f"{expected(kind)} from {bounds.minimum:g} to {bounds.maximum:g}"
    return NAMES[annotation]


def _is_known(annotation: Any) -> bool:
    if get_origin(annotation) is Literal:
        return True
    if get_origin(annotation) is Annotated:
        return isinstance(get_args(annotation)[1], Bounds)
    if _is_union(annotation):
        return all(map(_is_known, get_args(annotation)))
    return annotation in NAMES


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType)


def _fits(value: Any, annotation: Any) -> bool:
    options = get_args(annotation)
    if _is_union(annotation):
        return any(_fits(value, option) for option in options)
    if get_origin(annotation) is Literal:
        return value in options
    if get_origin(annotation) is Annotated:
        kind, bounds = options
        return _fits(value, kind) and value in bounds
    kinds = (int, float) if annotation is float else annotation
    # To Python, though to nobody else, True is a number.
    return isinstance(value, kinds) and (annotation is bool or not isinstance(value, bool))
