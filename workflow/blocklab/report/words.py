"""Numbers, names and lists as the report words them. Nothing heavy is imported here."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

DASH = "–"
SIGNIFICANT = 0.05
MOST_VALUES = 12  # that a sentence lists
# What Markdown would read as more than the character itself; an underscore inside a word is none.
MARKUP = re.compile(r"[\\`*\[\]<>|&~$]|(?<![^\W_])_|_(?![^\W_])")


def percent(share: float, digits: int = 2) -> str:
    """Return a share as text in percent, or a dash."""
    return DASH if math.isnan(share) else f"{100 * share:.{digits}f} %"


def number_text(number: float, form: str = "{:.2f}") -> str:
    """Return a number as text in the form of `str.format`, or a dash."""
    return DASH if math.isnan(number) else form.format(number)


def interval(row: Mapping[str, Any], name: str) -> str:
    """Return 'mean % (low to high)' of an accuracy, without limits where there are none."""
    if math.isnan(row[f"{name}_low"]):
        return percent(row[name])
    limits = f"{100 * row[f'{name}_low']:.2f} to {100 * min(row[f'{name}_high'], 1):.2f}"
    return f"{percent(row[name])} ({limits})"


def p_text(p: float) -> str:
    """Return 'p = 0.012' or 'p < 0.001', with digits enough to be on its side of SIGNIFICANT."""
    if p < 0.001:
        return "p < 0.001"
    digits = 3
    while (float(f"{p:.{digits}f}") < SIGNIFICANT) != (p < SIGNIFICANT):
        digits += 1
    return f"p = {p:.{digits}f}"


def points(difference: float) -> str:
    """Return a difference of two shares as '1.25 points more', 'fewer', or 'just as many'."""
    size = f"{100 * abs(difference):.2f}"
    if size == "0.00":
        return "just as many"
    return f"{size} points {'more' if difference > 0 else 'fewer'}"


def points_interval(mean: float, low: float, high: float) -> str:
    """Return '+mean (+low to +high)' of a difference of accuracies, in points."""
    return f"{100 * mean:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"


def join(words: Sequence[str], last: str = "and") -> str:
    """Return '', 'a', 'a and b', or 'a, b and c'; `last` is the word before the last."""
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def join_some(words: Sequence[str], most: int = 8, last: str = "and") -> str:
    """Return `join(words)`; of more than `most` words the first, and how many more there are."""
    left = len(words) - most
    return join(words if left <= 0 else [*words[:most], f"{left} more"], last)


def by_value(values: Mapping[str, str]) -> str:
    """Return 'a (first and second); b (third)', not more than some of many."""
    networks: dict[str, list[str]] = {}
    for name, value in values.items():
        networks.setdefault(value, []).append(name)
    some = [f"{value} ({join_some(names)})" for value, names in networks.items()][:MOST_VALUES]
    left = len(networks) - len(some)
    return "; ".join([*some, f"{left} more"] if left else some)


def by_value_or_all(values: Mapping[str, str]) -> str:
    """Return the value that all share, or else `by_value`."""
    return next(iter(values.values())) if len(set(values.values())) == 1 else by_value(values)


def count(number: int, noun: str) -> str:
    """Return '1 epoch' or '10 epochs'."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def rank(place: int) -> str:
    """Return '1st', '2nd', '11th'."""
    ending = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10)
    return f"{place}{ending or 'th'}"


def literal(text: str) -> str:
    """Return a name that a user chose as Markdown that shows it as it is, on one line."""
    return MARKUP.sub(r"\\\g<0>", " ".join(text.split()))
