"""Compiling the kernels: once per machine, and never a reason to fail."""

import logging
import shutil

import platformdirs
import pytest

from blocklab.files import sha256
from blocklab.networks.kernels import compiled as module
from blocklab.networks.kernels.compiled import active_kernels, kernels, load_kernels

needs_compiler = pytest.mark.skipif(load_kernels() is None, reason="no C++ compiler here")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder, and no kernels loaded."""
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: str(tmp_path / name))
    monkeypatch.setattr(module, "load_kernels", load_kernels.__wrapped__)
    return tmp_path / "blocklab" / "kernels"


@needs_compiler
def test_they_are_compiled_once(cache, quick_compiler):
    assert module.load_kernels() is not None
    (library,) = cache.glob("*.so")
    made = library.stat().st_mtime_ns
    assert module.load_kernels() is not None
    assert library.stat().st_mtime_ns == made
    assert len(quick_compiler.read_text().splitlines()) == 1


@needs_compiler
def test_another_processor_or_source_has_its_own(cache, quick_compiler, monkeypatch, tmp_path):
    module.load_kernels()
    monkeypatch.setattr(module, "processor_model", lambda: "another")
    module.load_kernels()
    monkeypatch.setattr(module, "processor_instructions", lambda: {"another"})
    module.load_kernels()
    for made, kind in enumerate(("SOURCES", "HEADERS")):
        *others, last = getattr(module, kind)
        changed = tmp_path / last.name
        changed.write_text(last.read_text() + "\n// changed\n")
        with monkeypatch.context() as patch:
            patch.setattr(module, kind, [*others, changed])
            patch.setenv("CPLUS_INCLUDE_PATH", str(module.FOLDER))
            module.load_kernels()
        assert len(list(cache.glob("*.so"))) == 4 + made


@needs_compiler
@pytest.mark.parametrize("damage", ["flipped", "truncated", "unproven"])
def test_damaged_ones_are_compiled_anew(cache, quick_compiler, flip, damage):
    assert module.load_kernels() is not None
    (library,), (proof,) = cache.glob("*.so"), cache.glob("*.sha256")
    content = library.read_bytes()
    middle = len(content) // 2
    library.unlink()  # written in place it would change under who has loaded it
    if damage == "flipped":
        library.write_bytes(flip(content, middle))
    elif damage == "truncated":
        library.write_bytes(content[:middle])
    else:
        library.write_bytes(content)
        proof.unlink()
    assert module.load_kernels() is not None
    assert proof.read_text() == sha256(library)
    assert library.stat().st_size == len(content)


@needs_compiler
def test_a_compiler_without_openmp_will_do(cache, tmp_path, monkeypatch):
    """The one test here that compiles the kernels, without optimising: -O0 comes last and wins."""
    compiler = tmp_path / "compiler"
    compiler.write_text(
        '#!/bin/sh\ncase "$*" in *-fopenmp*) echo "no OpenMP" >&2; exit 1;; esac\n'
        'exec c++ "$@" -O0\n'
    )
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    assert module.load_kernels() is not None


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (None, "no C++ compiler (missing-c++)"),
        ("echo 'kernels.cpp:1: bad\nmore' >&2; exit 1", "kernels.cpp:1: bad"),
        ('while [ "$1" != -o ]; do shift; done; echo text > "$2"', "too short"),
        ("sleep 5", "timed out"),
    ],
)
def test_what_cannot_be_compiled_is_one_warning(
    cache, tmp_path, monkeypatch, caplog, script, reason
):
    compiler = "missing-c++"
    if script:
        (tmp_path / "compiler").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "compiler").chmod(0o755)
        compiler = str(tmp_path / "compiler")
    monkeypatch.setenv("CXX", compiler)
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    with caplog.at_level(logging.WARNING), kernels() as used:
        assert not used
        assert active_kernels() is None
    (record,) = caplog.records
    message = record.getMessage()
    assert message.startswith("training goes without the compiled kernels, slower: ")
    assert reason in message
    assert "\n" not in message
    assert not cache.exists() or not list(cache.iterdir())


def test_a_cache_that_cannot_be_written_is_one_warning(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: str(tmp_path / "file"))
    monkeypatch.setattr(module, "load_kernels", load_kernels.__wrapped__)
    if shutil.which("c++"):
        with caplog.at_level(logging.WARNING):
            assert module.load_kernels() is None
        assert len(caplog.records) == 1


def test_they_are_in_use_within_the_block_alone_and_if_wanted():
    assert active_kernels() is None
    with kernels() as used:
        assert used == (active_kernels() is not None)
        with kernels(False) as inside:
            assert not inside
            assert active_kernels() is None
        assert used == (active_kernels() is not None)
    assert active_kernels() is None
