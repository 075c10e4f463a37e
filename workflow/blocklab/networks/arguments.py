"""Checking what a YAML file gives a block, against the block's own annotations."""

import inspect
import sys
from typing import Annotated, Any, Literal, get_args, get_origin

from blocklab.errors import suggest
from blocklab.networks.blocks.registry import Bounds

# What a constructor's first parameter may ask of its input, and the input's dimensions it needs.
INFERRED = {"in_channels": 3, "in_features": 1}


def parameters(cls: type) -> dict[str, inspect.Parameter]:
    """Return what YAML may set on a block, in order, without the inferred parameter."""
    signature = inspect.signature(cls.__init__)
    named = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.name != "self"
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    return {parameter.name: parameter for parameter in named if parameter.name not in INFERRED}


def inferred(cls: type) -> str | None:
    """Return the name of the parameter that is inferred from the block's input, if it has one."""
    names = inspect.signature(cls.__init__).parameters
    return next((name for name in INFERRED if name in names), None)


def check_arguments(cls: type, given: Any) -> dict[str, Any]:
    """Return `given` as keyword arguments of the block.

    `given` is None (no arguments), a mapping, or one value, which goes to the first parameter.
    Raises ValueError: an unknown, missing or wrong argument, and what would be right.
    """
    known = parameters(cls)
    if given is None:
        given = {}
    elif not isinstance(given, dict):
        if not known:
            raise ValueError(f"takes no argument, but was given {given!r}")
        given = {next(iter(known)): given}
    for name, value in given.items():
        if name not in known:
            hint = suggest(name, known) if known else "; it takes none"
            raise ValueError(f"unknown argument '{name}'{hint}")
        problem = _mismatch(value, known[name].annotation)
        if problem:
            raise ValueError(f"{name} is {value!r}; it must be {problem}")
    for name, parameter in known.items():
        if parameter.default is parameter.empty and name not in given:
            raise ValueError(f"argument '{name}' is missing")
    return dict(given)


def _mismatch(value: Any, annotation: Any) -> str | None:
    """Return what `value` must be if it does not fit `annotation`, else None."""
    options = get_args(annotation) if type(None) in get_args(annotation) else (annotation,)
    problems = [_mismatch_one(value, option) for option in options]
    return None if None in problems else next(problem for problem in problems if problem)


def _mismatch_one(value: Any, annotation: Any) -> str | None:
    if annotation is type(None):
        return None if value is None else "nothing"
    bounds = None
    if get_origin(annotation) is Annotated:
        annotation, bounds = get_args(annotation)
    if get_origin(annotation) is Literal:
        names = get_args(annotation)
        return None if value in names else f"one of {', '.join(names)}"
    if annotation is bool:
        return None if isinstance(value, bool) else "true or false"
    kinds = (int, float) if annotation is float else (annotation,)
    fits = isinstance(value, kinds) and not isinstance(value, bool)
    if fits and (bounds is None or _within(value, bounds)):
        return None
    noun = {int: "a whole number", float: "a number"}[annotation]
    return noun + _range(bounds)


def _within(value: float, bounds: Bounds) -> bool:
    maximum = sys.float_info.max if bounds.maximum is None else bounds.maximum
    return bounds.minimum <= value <= maximum


def _range(bounds: Bounds | None) -> str:
    if bounds is None:
        return ""
    if bounds.maximum is None:
        return f", at least {bounds.minimum:g}"
    return f" from {bounds.minimum:g} to {bounds.maximum:g}"
