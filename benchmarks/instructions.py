"""Which vector instructions the benchmark runs with: the processor's, or AVX2 alone.

AVX-512 can be forced off, so that one machine says what most laptops, which have AVX2 alone, would
do, as far as instructions make the difference. As a script this is the compiler that goes with it:

    python benchmarks/instructions.py c++ -O3 -march=native ...
"""

import os
import shlex
import sys
from pathlib import Path

NAMES = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_bf16": "bfloat16",
    "amx_bf16": "AMX",
    "asimd": "NEON",
    "bf16": "bfloat16",
}
# What each library asks before it looks at the processor.
ASK_NO_MORE = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
}
FORCED = "BENCHMARK_INSTRUCTIONS"


def forced() -> bool:
    """Tell whether this process runs with AVX2 alone because it was asked to."""
    return os.environ.get(FORCED) == "avx2"


def described(instructions: set[str]) -> str:
    """Return what a page says of a processor with these instruction sets, as Linux names them."""
    known = ", ".join(name for key, name in NAMES.items() if key in instructions) or "unknown"
    more_than_avx2 = "avx512f" in instructions
    if forced():
        return "AVX2 forced on a processor with " + ("AVX-512" if more_than_avx2 else known)
    return known


def with_avx2_alone() -> dict[str, str]:
    """Return the environment in which torch, JAX and the compiled kernels use no AVX-512.

    The kernels' flags end in -march=native, so the compiler is this file, which replaces it.
    Precision does not follow from the environment: it has to be float32.
    """
    compiler = shlex.split(os.environ.get("CXX", "")) or ["c++"]
    wrapped = shlex.join([sys.executable, str(Path(__file__).resolve()), *compiler])
    flags = " ".join(filter(None, [os.environ.get("XLA_FLAGS"), ASK_NO_MORE["XLA_FLAGS"]]))
    return os.environ | ASK_NO_MORE | {"XLA_FLAGS": flags, "CXX": wrapped, FORCED: "avx2"}


if __name__ == "__main__":
    command = ["-march=haswell" if flag == "-march=native" else flag for flag in sys.argv[1:]]
    os.execvp(command[0], command)
