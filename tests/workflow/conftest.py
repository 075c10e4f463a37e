"""Real snakemake runs in a copy of the project, on three networks and 500 real MNIST images.

The tiny study runs once. A test that changes something works on a copy of the finished folder;
where it is the plan that is tested, a dry run is enough.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_study import OVERLAY, SECRETS, Study

PROJECT = Path(__file__).resolve().parents[2]
COPIED = ("Snakefile", "config.yaml", "workflow", "profiles", "envs", "studies", OVERLAY)


@pytest.fixture(scope="session")
def unstarted(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The project as git would clone it, nothing run yet; not to be changed."""
    folder = tmp_path_factory.mktemp("unstarted")
    for name in COPIED:
        source, target = PROJECT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    return Study(folder)


@pytest.fixture(scope="session")
def finished(unstarted: Study, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The tiny study after its one complete run; not to be changed."""
    study = unstarted.copy_to(tmp_path_factory.mktemp("finished") / "project")
    study.run(**SECRETS)
    return study


@pytest.fixture
def fresh(unstarted: Study, tmp_path: Path) -> Study:
    """The project with nothing run yet, to change at will."""
    return unstarted.copy_to(tmp_path / "project")


@pytest.fixture
def study(finished: Study, tmp_path: Path) -> Study:
    """The finished study, to change at will."""
    return finished.copy_to(tmp_path / "project")


@pytest.fixture(scope="session")
def snapshot() -> Callable[[Path], dict[str, tuple[int, bytes]]]:
    """A function that returns time stamp and content of every file below a folder.

    The tracker's own files are left out: their names carry the time.
    """
    return lambda folder: {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "tracking" not in path.parts
    }
