"""The library's wings import one way, as docs/architecture.md says, and files stay short."""

import ast
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "workflow" / "blocklab"
FILES = sorted(LIBRARY.rglob("*.py"))
LEVELS = [
    {"errors"},
    {"files", "processor"},
    {"tensors", "losses"},
    {"data", "networks"},
    {"study", "training", "evaluation", "explanation", "trained"},
    {"jobs", "report"},
    {"terminal"},
]
LEVEL = {wing: level for level, wings in enumerate(LEVELS) for wing in wings}
LONGEST = 320  # lines


def wing(module: str) -> str:
    return module.removeprefix("blocklab.").partition(".")[0]


def imports(path: Path) -> set[str]:
    """Return the library's modules that a file imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {module for module in found if module.startswith("blocklab.")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_a_file_imports_from_its_own_wing_and_from_those_below(path):
    own = wing(".".join(path.relative_to(LIBRARY).with_suffix("").parts))
    if own == "__init__":
        return
    others = {wing(module) for module in imports(path)} - {own}
    assert all(LEVEL[other] < LEVEL[own] for other in others), others
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_no_two_files_import_each_other():
    names = {
        path: ".".join(path.relative_to(LIBRARY.parent).with_suffix("").parts) for path in FILES
    }
    graph = {name: imports(path) for path, name in names.items()}

    def reached(module, trail=()):
        assert module not in trail, " -> ".join([*trail, module])
        for other in graph.get(module, ()):
            reached(other, (*trail, module))

    for module in graph:
        reached(module)


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("__init__.py")), ids=lambda p: p.parent.name)
def test_a_package_says_what_it_is_and_does_nothing(path):
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert ast.get_docstring(ast.Module(body, []))
    if path.parent != LIBRARY:
        assert len(body) == 1
    else:  # it is a part of every job's stamp, so what it offers it must not import
        assert not imports(path)
