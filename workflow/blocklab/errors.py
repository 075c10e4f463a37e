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


def suggest(name: object, known: Iterable[object]) -> str:
    """Return "; did you mean 'x'?" for the known name most like `name`, else all known names."""
    names = [str(item) for item in known]
    nearest = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    return f"; did you mean '{nearest[0]}'?" if nearest else f"; it may be {', '.join(names)}"
