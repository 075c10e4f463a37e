"""The kernels of the .cpp files here: compiled once per machine, loaded through ctypes.

They save passes over memory: against torch's own operations in float32 the study's networks train
1.4 (vgg), 1.5 (bottleneck, csp) and 2.0 times (sppf) as many images per second; exp3, without
batch normalisation, as many (medians of n = 3 epochs, two cores of an Intel Xeon with AVX-512,
commit da4fb84, docs/benchmark/parts.md). On normalised values around 3, batch normalisation with
SiLU in float32 is off by 7e-7 from double precision, torch's by 1.5e-4 (one run,
docs/performance.md). Compiling takes 4 s (n = 1). Without a C++ compiler everything runs on torch's
own operations, with the same result but for rounding.
"""

import ctypes
import hashlib
import logging
import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from blocklab.errors import UserError
from blocklab.files import sha256, write_atomically
from blocklab.processor import processor_instructions, processor_model

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent
# No -ffast-math: infinities and what is not a number must stay what they are.
FLAGS = [
    "-std=c++17",
    "-O3",
    "-march=native",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fPIC",
    "-shared",
]
DEFAULT_COMPILER = "c++"
PATIENCE = 120  # seconds; it takes about 4

_active: ctypes.CDLL | None = None


def active_kernels() -> ctypes.CDLL | None:
    """Return the kernels if they are in use, else None."""
    return _active


def call_kernel(name: str, *arguments) -> None:
    """Call one of the kernels in use.

    A tensor goes as a pointer to its first number, a whole number as int64, any other as float.
    """

    def passed(x):
        if hasattr(x, "data_ptr"):
            return ctypes.c_void_p(x.data_ptr())
        return ctypes.c_int64(x) if isinstance(x, int) else ctypes.c_float(x)

    getattr(_active, name)(*map(passed, arguments))


def kernels_id() -> str | None:
    """Return what tells these kernels from others: source, compiler, processor; None without."""
    library = load_kernels()
    return Path(library._name).stem if library else None


@contextmanager
def kernels(wanted: bool = True) -> Iterator[bool]:
    """Use the kernels within the block, if `wanted` and possible; yield whether they are."""
    global _active
    before, _active = _active, load_kernels() if wanted else None
    try:
        yield _active is not None
    finally:
        _active = before


@cache
def load_kernels() -> ctypes.CDLL | None:
    """Return the kernels, compiled first if need be; None, with one warning, if they cannot be."""
    compiler = [DEFAULT_COMPILER]
    try:
        compiler = shlex.split(os.environ.get("CXX", "")) or compiler
        path = _cached(compiler)
        # A damaged one might load all the same, and end the process later.
        if not _intact(path):
            with write_atomically(path) as temporary:
                _compile(compiler, temporary)
                ctypes.CDLL(str(temporary))  # one that cannot be loaded is not kept
                proof = sha256(temporary)
            with suppress(OSError, UserError), write_atomically(_proof(path)) as temporary:
                temporary.write_text(proof, encoding="ascii")
        return ctypes.CDLL(str(path))
    except FileNotFoundError as error:
        missing = error.filename == compiler[0]
        reason = f"no C++ compiler ({compiler[0]})" if missing else str(error)
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip() or str(error)).splitlines()[0]
    except (OSError, UserError, ValueError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    log.warning("training goes without the compiled kernels, slower: %s", reason)
    return None


def _cached(compiler: list[str]) -> Path:
    """Return where the compiled kernels are in the user's cache, or will be."""
    # -march=native: a home folder may be shared by machines with different processors.
    code = sorted(FOLDER.glob("*.[ch]pp"))
    made_of = [*(path.read_text(encoding="utf-8") for path in code), *compiler, *FLAGS, *_widest()]
    made_of += [processor_model(), *sorted(processor_instructions())]
    digest = hashlib.sha256("\n".join(made_of).encode()).hexdigest()
    return _cache() / "kernels" / f"{digest[:32]}.so"


def _proof(path: Path) -> Path:
    """Return the file that keeps the checksum of the compiled kernels."""
    return path.with_suffix(".sha256")


def _intact(path: Path) -> bool:
    try:
        return _proof(path).read_bytes() == sha256(path).encode()
    except FileNotFoundError:
        return False


def _cache() -> Path:
    try:
        import platformdirs
    except ImportError:  # training asks for no more than torch, torchvision, numpy and pandas
        return Path("~/.cache/blocklab").expanduser()
    return Path(platformdirs.user_cache_dir("blocklab"))


def _widest() -> list[str]:
    """Return the option without which GCC takes half of AVX-512's width."""
    return ["-mprefer-vector-width=512"] if "avx512f" in processor_instructions() else []


def _compile(compiler: list[str], target: Path) -> None:
    sources = map(str, sorted(FOLDER.glob("*.cpp")))
    command = [*compiler, *FLAGS, *_widest(), *sources, "-o", str(target)]
    options = {"check": True, "capture_output": True, "text": True, "timeout": PATIENCE}
    try:
        subprocess.run([*command, "-fopenmp"], **options)
    except subprocess.CalledProcessError:  # a compiler without OpenMP: one thread, then
        subprocess.run(command, **options)
