"""The graph of a module's steps: what its boxes are, and which of them are one box to a reader."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Step:
    """One box of the picture.

    kind: input, output, conv, linear, norm, activation, pool, attention, add, product,
    concatenation or other. words: what it is called, line by line; note: what else there is to
    say. shape: after it, without the batch; empty where it is not known. inputs: the numbers of
    the steps before it. unused: of those that it could add and does not. calls: the numbers of the
    calls of modules that it is inside of, the outermost first.
    """

    kind: str
    words: list[str]
    shape: list[int]
    inputs: list[int]
    parameters: int = 0
    note: str = ""
    unused: list[int] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)


@dataclass
class Call:
    """A call of a module that has steps in it: its name, how often in a row, what it is inside of.

    name: of the attribute that holds it, or of its class where it only has a place in a list.
    """

    name: str
    parent: int | None
    repeat: int = 1


def simplified(
    steps: Mapping[int, Step], calls: Mapping[int, Call]
) -> tuple[list[Step], dict[int, Call]]:
    """Return what the last step, the output, depends on, as a reader wants it drawn.

    Normalisation and activation share the box of what they follow; of modules that are alike and
    follow one another the first stands for all. `steps` in the order in which they ran, the input
    first.
    """
    steps = _reached(steps)
    _merge(steps)
    calls = dict(calls)
    for first in calls:
        while (copy := _following(first, steps, calls)) is not None:
            _replace(steps, dict(zip(_of(copy, steps), _of(first, steps), strict=True)))
            calls[first].repeat += 1
    place = {number: i for i, number in enumerate(steps)}
    for step in steps.values():
        step.inputs = [place[i] for i in step.inputs]
        step.unused = [place[i] for i in step.unused]
    used = {call for step in steps.values() for call in step.calls}
    return list(steps.values()), {number: calls[number] for number in sorted(used)}


def _reached(steps: Mapping[int, Step]) -> dict[int, Step]:
    wanted = {min(steps), max(steps)}
    for number in sorted(steps, reverse=True):
        if number in wanted:
            wanted.update(steps[number].inputs)
    return {number: steps[number] for number in sorted(wanted)}


def _merge(steps: dict[int, Step]) -> None:
    for number in list(steps):
        step = steps[number]
        if step.kind not in ("norm", "activation") or len(step.inputs) != 1:
            continue
        (source,) = step.inputs
        before = steps[source]
        readers = [s for s in steps.values() if source in (*s.inputs, *s.unused)]
        if before.kind in ("conv", "linear", "norm") and len(readers) == 1:
            before.words += step.words
            before.shape = step.shape
            before.parameters += step.parameters
            before.calls = [a for a, b in zip(before.calls, step.calls, strict=False) if a == b]
            _replace(steps, {number: source})


def _following(first: int, steps: dict[int, Step], calls: Mapping[int, Call]) -> int | None:
    """Return the call that does the same as `first` to what `first` gives, and is all that does."""
    own = _of(first, steps)
    if not own:
        return None
    readers = [
        step
        for number, step in steps.items()
        if number not in own and {*step.inputs, *step.unused} & {*own}
    ]
    for copy, call in calls.items():
        if (
            copy > first
            and (call.name, call.parent) == (calls[first].name, calls[first].parent)
            and readers
            and all(copy in step.calls for step in readers)
            and _pattern(copy, steps) == _pattern(first, steps)
            and _outside(copy, steps) == {own[-1]}
        ):
            return copy
    return None


def _of(call: int, steps: Mapping[int, Step]) -> list[int]:
    return [number for number, step in steps.items() if call in step.calls]


def _outside(call: int, steps: Mapping[int, Step]) -> set[int]:
    own = _of(call, steps)
    return {i for n in own for i in (*steps[n].inputs, *steps[n].unused)} - {*own}


def _pattern(call: int, steps: Mapping[int, Step]) -> list[tuple]:
    """Return what a call's steps do, with their inputs by place; -1 for what comes from outside."""
    place = {number: i for i, number in enumerate(_of(call, steps))}
    return [
        (
            *(steps[n].kind, steps[n].words, steps[n].shape, steps[n].parameters),
            [place.get(i, -1) for i in steps[n].inputs],
            [place.get(i, -1) for i in steps[n].unused],
        )
        for n in place
    ]


def _replace(steps: dict[int, Step], by: Mapping[int, int]) -> None:
    """Take steps out; what read one of them reads the step that takes its place."""
    for number in by:
        del steps[number]
    for step in steps.values():
        step.inputs = list(dict.fromkeys(by.get(i, i) for i in step.inputs))
        step.unused = [by.get(i, i) for i in step.unused]
