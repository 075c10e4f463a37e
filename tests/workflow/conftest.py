"""Real snakemake runs in a copy of the project, on up to three networks and 500 real MNIST images.

Two studies run as a whole, once each, whichever of pytest's workers asks first. A test that
changes something works on a copy of a finished folder; where it is the plan that is tested, a dry
run is enough.
"""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_study import SECRETS, VARIED, Study, new_study


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Study]:
    """A function: name, make -> the study that `make(folder)` returned, in whichever worker."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def made(name: str, make: Callable[[Path], object]) -> Study:
        folder, done = shared / name, shared / f"{name}.done"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                make(folder)
                done.touch()
        return Study(folder)

    return made


@pytest.fixture(scope="session")
def unstarted(once: Callable[..., Study]) -> Study:
    """The project as git would clone it, nothing run yet; not to be changed."""
    return once("unstarted", new_study)


@pytest.fixture(scope="session")
def finished(once: Callable[..., Study], unstarted: Study) -> Study:
    """The tiny study after its one complete run, what that said in `output`; not to be changed."""

    def make(folder: Path) -> None:
        study = unstarted.copy_to(folder)
        study.output.write_text(study.run(**SECRETS), encoding="utf-8")

    return once("finished", make)


@pytest.fixture(scope="session")
def varied(once: Callable[..., Study], unstarted: Study) -> Study:
    """A study that differs from the usual one, finished on the processor; not to be changed."""

    def make(folder: Path) -> None:
        study = unstarted.copy_to(folder)
        study.configure(VARIED)
        study.run(gpu=0)

    return once("varied", make)


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
