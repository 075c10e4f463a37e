"""The one exception that a user's mistake, or the world outside, is reported with."""

import difflib
import re
from collections.abc import Iterable, Mapping

REMEDY = "delete it and run again"  # for a file of ours that is damaged


class UserError(Exception):
    """Something the user can mend. The message is one line: what, where, what would be right.

    What it quotes may come from anywhere, so a character that could break the line or steer a
    terminal is shown as its escape.
    """

    def __init__(self, message: str) -> None:
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in message))


def suggest(
    name: object, known: Iterable[object], also_called: Mapping[str, str] | None = None
) -> str:
    """Return "; did you mean 'x'?" for the known name most like `name`, else all known names.

    Neither capitals nor underscores count. `also_called` are names that others use, as `plain`
    writes them, and which known one each stands for.
    """
    names = {plain(item): str(item) for item in known}
    meant = (also_called or {}).get(plain(name))
    if meant in names.values():
        return f"; did you mean '{meant}'?"
    nearest = difflib.get_close_matches(plain(name), names, n=1, cutoff=0.5)
    if nearest:
        return f"; did you mean '{names[nearest[0]]}'?"
    return f"; it may be {', '.join(names.values())}"


def plain(name: object) -> str:
    """Return a name in small letters, without what only separates its words."""
    return re.sub(r"[\s_-]", "", str(name)).casefold()


def shown(value: object, most: int = 200) -> str:
    """Return a value as Python writes it, cut where a line would become too long."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 3]}..."
