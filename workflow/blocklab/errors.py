"""The one exception that a user's mistake, or the world outside, is reported with."""

import difflib
from collections.abc import Iterable

REMEDY = "delete it and run again"  # for a file of ours that is damaged


class UserError(Exception):
    """Something the user can mend. The message is one line: what, where, what would be right.

    What it quotes may come from anywhere, so a character that could break the line or steer a
    terminal is shown as its escape.
    """

    def __init__(self, message: str) -> None:
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in message))


def nearest(name: object, known: Iterable[object]) -> str | None:
    """Return the known name that `name` was probably meant to be, or None."""
    matches = difflib.get_close_matches(str(name), [str(item) for item in known], n=1, cutoff=0.5)
    return matches[0] if matches else None
