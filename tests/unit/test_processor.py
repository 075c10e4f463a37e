"""What is read of the processor, whatever the system says."""

import subprocess

import pytest

from blocklab import processor
from blocklab.processor import processor_instructions, processor_model

X86 = """\
processor\t: 0
model name\t: A processor: fast
flags\t\t: fpu avx512f avx512_bf16

processor\t: 1
model name\t: Another
flags\t\t: fpu
"""
ARM = "processor\t: 0\nFeatures\t: fp asimd bf16\nCPU part\t: 0xd0c\n"


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Return a function: name of the system, /proc/cpuinfo's text or None, and what it runs."""

    def be(name, cpuinfo=None, sysctl=None):
        monkeypatch.setattr(processor, "CPUINFO", tmp_path / "cpuinfo")
        monkeypatch.setattr("platform.system", lambda: name)
        monkeypatch.setattr("platform.processor", lambda: "")
        monkeypatch.setattr("platform.machine", lambda: "riscv64")
        monkeypatch.setattr("subprocess.run", sysctl)
        if cpuinfo is not None:
            (tmp_path / "cpuinfo").write_text(cpuinfo)

    return be


@pytest.mark.parametrize(
    ("cpuinfo", "model", "instructions"),
    [
        (X86, "A processor: fast", {"fpu", "avx512f", "avx512_bf16"}),
        (ARM, "riscv64", {"fp", "asimd", "bf16"}),
        ("processor\t: 0\n", "riscv64", set()),
        (None, "riscv64", set()),
    ],
)
def test_linux(system, cpuinfo, model, instructions):
    system("Linux", cpuinfo)
    assert processor_model() == model
    assert processor_instructions() == instructions


def test_a_mac(system):
    def sysctl(command, **_):
        assert command == ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.CompletedProcess(command, 0, "Apple M9\n")

    system("Darwin", sysctl=sysctl)
    assert processor_model() == "Apple M9"
    assert processor_instructions() == set()


@pytest.mark.parametrize(
    "error", [FileNotFoundError(), subprocess.TimeoutExpired("sysctl", 10)], ids=repr
)
def test_a_mac_that_does_not_say(system, error):
    def sysctl(*_, **__):
        raise error

    system("Darwin", sysctl=sysctl)
    assert processor_model() == "riscv64"
