"""Which code a job runs: hashes that change when the code changes in meaning, and only then.

Snakemake's process calls these at every start, so this file imports nothing heavy.
"""

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from blocklab.errors import UserError

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# What words messages, logs, watches and records a job, chooses its GPU, or puts into place what
# another job computed with the same code: it changes no number of a result.
RECORDING = frozenset(
    f"blocklab.{module}"
    for module in (
        "errors", "jobs.ahead", "jobs.clock", "jobs.gpus", "jobs.job", "jobs.locks",
        "jobs.measurement", "jobs.provenance", "jobs.sampler", "jobs.scheduler",
        "networks.faults", "networks.other_names",
    )
)  # fmt: skip


def stamp(workflow_folder: Path, script: str, modules: Iterable[str] = ()) -> str:
    """Return what tells a job's code from other code: a script and what it runs of the library.

    What the script imports is found, and what that imports; `modules` are those that it loads by
    name, such as "networks.blocks.conv". RECORDING is left out: an edit there changes no result.
    The text names script, modules and Python's version beside the hash, for `check_stamp`.

    Raises:
        KeyError: a module, given or imported, does not exist.
        UserError: a file is not valid Python.
    """
    modules = sorted(set(modules))
    package = workflow_folder / "blocklab"
    file = workflow_folder / "scripts" / script
    own, _ = _read(file.read_text(encoding="utf-8"), file)
    library = code_fingerprint(package, [*_imported(file, workflow_folder), *modules])
    return " ".join([script, ",".join(modules) or "-", PYTHON, own, library])


class _Stamped(NamedTuple):
    """What a stamp names beside its hashes: a script, the modules loaded by name, and Python."""

    script: str
    modules: list[str]
    python: str


def _stamped(planned: str) -> _Stamped:
    """Take apart what `stamp` has put together."""
    script, modules, python, *_ = planned.split(" ")
    return _Stamped(script, [] if modules == "-" else modules.split(","), python)


def check_stamp(workflow_folder: Path, planned: str) -> None:
    """Raise UserError if the code that a job was planned with is no longer what is there.

    Another version of Python sees other syntax trees, so there nothing can be told.
    """
    stamped = _stamped(planned)
    if stamped.python != PYTHON:
        return
    try:
        same = stamp(workflow_folder, stamped.script, stamped.modules) == planned
    except (KeyError, OSError):  # a file is gone
        same = False
    if not same:
        raise UserError(
            f"the code of {stamped.script} has changed since this run began; start it again"
        )


def code_fingerprint(package_folder: Path, modules: Iterable[str]) -> str:
    """Return the SHA-256 over modules of a package and all that they import from it.

    Comments, formatting, docstrings and time stamps do not count; any other change of code does.
    Imports are read from the syntax tree, inside functions too; `importlib` is not followed, nor
    is what RECORDING names. C++ beside a module is part of it, byte by byte.
    The syntax tree's text may differ between Python versions, and so may the fingerprint.

    Args:
        package_folder: the package's folder; its name is the package's name.
        modules: names inside the package, such as "training.loop".

    Raises:
        KeyError: a module, given or imported, does not exist.
        UserError: a module is not valid Python.
    """
    lines = []
    for module, path in sorted(_closure(Path(package_folder), modules).items()):
        own, _ = _read(path.read_text(encoding="utf-8"), path)
        beside = [hashlib.sha256(source.read_bytes()).hexdigest() for source in _sources(path)]
        lines.append(" ".join([module, own, *beside]) + "\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def files_of(workflow_folder: Path, planned: str) -> list[Path]:
    """Return the files whose code a stamp is of, in the order of their names.

    Raises KeyError for a module that does not exist any more, UserError for one that is not valid.
    """
    stamped = _stamped(planned)
    file = workflow_folder / "scripts" / stamped.script
    modules = [*_imported(file, workflow_folder), *stamped.modules]
    paths = _closure(workflow_folder / "blocklab", modules).values()
    return sorted({file, *paths, *(source for path in paths for source in _sources(path))})


def _imported(file: Path, workflow_folder: Path) -> list[str]:
    """Return the modules of the library that a script imports and computes with."""
    _, imports = _read(file.read_text(encoding="utf-8"), file)
    return [
        name.removeprefix("blocklab.")
        for name in _referred(file.name, file, imports, workflow_folder)
        if name.startswith("blocklab.") and name not in RECORDING
    ]


def _closure(package_folder: Path, modules: Iterable[str]) -> dict[str, Path]:
    """Return the files of modules of a package and of all that they import from it, by name."""
    package = package_folder.name
    found: dict[str, Path] = {}
    waiting = [f"{package}.{module}" for module in modules]
    while waiting:
        module = waiting.pop()
        if module in found or module in RECORDING:
            continue
        path = _file(package_folder.parent, module)
        if path is None:
            name = module.removeprefix(f"{package}.")
            raise KeyError(f"package {package} has no module {name!r}")
        found[module] = path
        _, imports = _read(path.read_text(encoding="utf-8"), path)
        for name in (module, *_referred(module, path, imports, package_folder.parent)):
            parts = name.split(".")
            if parts[0] == package:
                # Importing a.b.c runs a/__init__.py and a/b/__init__.py first.
                waiting += [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return found


def _sources(path: Path) -> list[Path]:
    """Return the C++ beside a module, which is part of it."""
    return sorted(path.parent.glob("*.[ch]pp"))


class _Import(NamedTuple):
    """`import module`, or `from module import name` with `level` dots before the module."""

    module: str
    level: int = 0
    name: str | None = None


def _file(folder: Path, module: str) -> Path | None:
    """Return the file of a module, given the folder its package is in; None if there is none."""
    base = folder.joinpath(*module.split("."))
    candidates = (base / "__init__.py", base.with_suffix(".py"))
    return next((path for path in candidates if path.is_file()), None)


def _referred(module: str, path: Path, imports: Iterable[_Import], folder: Path) -> Iterator[str]:
    """Yield the full names of the modules that the imports of one module refer to."""
    home = module.split(".")
    if path.name != "__init__.py":
        home.pop()
    for target, level, name in imports:
        if level:
            start = home[: len(home) - level + 1]
            target = ".".join([*start, target] if target else start)
        yield target
        # `from package import x`: x is a module, or a name defined in the package.
        if name and _file(folder, f"{target}.{name}"):
            yield f"{target}.{name}"


@cache
def _read(source: str, path: Path) -> tuple[str, list[_Import]]:
    """Return the SHA-256 of a module's code, and its imports."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise UserError(f"{path}, line {error.lineno}: not valid Python: {error.msg}") from None
    imports = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += [_Import(alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imports += [_Import(node.module or "", node.level, alias.name) for alias in node.names]
        elif isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body[:1] = [] if len(node.body) > 1 else [ast.Pass()]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), imports
