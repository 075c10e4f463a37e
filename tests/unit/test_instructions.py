"""The benchmark with AVX2 alone: no AVX-512 in what is compiled or in what torch picks."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))
import instructions  # noqa: E402

from blocklab.processor import processor_instructions  # noqa: E402

LOOP = "void add(float* a, float* b, int n) { for (int i = 0; i < n; i++) a[i] += b[i]; }"
FLAGS = ["-O3", "-march=native", "-mprefer-vector-width=512", "-x", "c++", "-S", "-o", "-", "-"]
needs_avx512 = pytest.mark.skipif(
    "avx512f" not in processor_instructions(), reason="nothing to force off: no AVX-512 here"
)


def assembly(compiler: list[str]) -> str:
    command = [*compiler, *FLAGS]
    return subprocess.run(command, input=LOOP, capture_output=True, text=True, check=True).stdout


@needs_avx512
@pytest.mark.skipif(not shutil.which("c++"), reason="no C++ compiler here")
def test_the_compiler_makes_no_avx512(monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    forced = assembly(shlex.split(instructions.with_avx2_alone()["CXX"]))
    assert "zmm" in assembly(["c++"])
    assert "zmm" not in forced
    assert "ymm" in forced


@needs_avx512
def test_torch_takes_avx2():
    ask = "import torch; print(torch.backends.cpu.get_cpu_capability())"
    command = [sys.executable, "-c", ask]
    environment = instructions.with_avx2_alone()
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "AVX2"


def test_a_compiler_and_flags_of_the_user_are_kept(monkeypatch):
    monkeypatch.setenv("CXX", "ccache g++-13")
    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=there")
    environment = instructions.with_avx2_alone()
    assert environment["CXX"].endswith("instructions.py ccache g++-13")
    assert environment["XLA_FLAGS"] == "--xla_dump_to=there --xla_cpu_max_isa=AVX2"


def test_the_page_says_what_is_forced(monkeypatch):
    monkeypatch.delenv(instructions.FORCED, raising=False)
    described = instructions.described({"sse4_1", "avx2", "avx512f", "avx512_bf16"})
    assert described == "AVX2, AVX-512, bfloat16"
    monkeypatch.setenv(instructions.FORCED, "avx2")
    described = instructions.described({"avx2", "avx512f"})
    assert described == "AVX2 forced on a processor with AVX-512"
