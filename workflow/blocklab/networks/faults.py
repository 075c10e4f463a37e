"""Where a block's own code is wrong, in one line."""

import inspect
import os
import traceback
from pathlib import Path

from blocklab.files import PROJECT
from blocklab.networks import blocks

HERE = Path(__file__).parent
# Through them every error passes; none comes from there.
PASSED = {HERE / name for name in ("network.py", "blocks/registry.py")}


def fault(error: Exception, cls: type | None = None) -> str:
    """Return the error and the line of the library's networks that it comes from, or came by.

    cls: the block, whose class is named where no line of ours is among those that led there.
    """
    reason = next(iter(str(error).splitlines()), "") or "no reason given"
    if isinstance(error, SyntaxError):
        reason = error.msg
    if "before Module.__init__() call" in reason:
        reason = "__init__ must begin with super().__init__()"
    return f"{type(error).__name__}: {reason} ({_place(error, cls)})"


def raised_by_a_block(error: Exception) -> bool:
    """Tell whether a line of a block itself, and not what it called, raised the error."""
    return _is_a_block(Path(traceback.extract_tb(error.__traceback__)[-1].filename))


def defined(function: object) -> str:
    """Return file and line of a class or function."""
    try:
        return _text(inspect.getsourcefile(function), inspect.getsourcelines(function)[1])
    except (OSError, TypeError):  # made by a program
        return f"in {getattr(function, '__module__', 'no module')}"


def _place(error: Exception, cls: type | None) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return _text(error.filename, error.lineno)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if (file.is_relative_to(HERE) or _is_a_block(file)) and file not in PASSED:
            return _text(file, frame.lineno)
    return defined(cls) if cls else "no line of a block is involved"


def _is_a_block(file: Path) -> bool:
    return str(file.parent) in blocks.__path__


def _text(file: str | Path, line: int | None) -> str:
    within = Path(file).is_relative_to(PROJECT)
    return f"{os.path.relpath(file, PROJECT) if within else file}, line {line}"
