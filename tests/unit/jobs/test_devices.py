"""Which device and precision a job gets, whatever this machine has."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch.backends import cuda, cudnn
from torch.nn.attention import SDPBackend, sdpa_kernel

from blocklab.errors import UserError
from blocklab.jobs import devices
from blocklab.jobs.devices import (
    accelerator_present,
    choose_device,
    choose_precision,
    gpus_to_ask_for,
    prepare_cuda,
    prepare_processor,
)
from blocklab.networks.network import exact_float32


@pytest.fixture
def machine(monkeypatch):
    """Return a function that makes torch see these devices."""

    def have(*present: str, bfloat16: bool = True) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in present)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in present)
        # A GPU without bfloat16 emulates it, slowly, and says that it has it.
        monkeypatch.setattr(
            torch.cuda,
            "is_bf16_supported",
            lambda including_emulation=True: bfloat16 or including_emulation,
        )

    return have


@pytest.mark.parametrize(
    ("setting", "gpus", "present", "expected"),
    [
        ("auto", 1, ["cuda"], "cuda"),
        ("auto", 1, ["mps"], "mps"),
        ("auto", 0, ["cuda"], "cpu"),
        ("cuda", 1, ["cuda"], "cuda"),
        ("mps", 1, ["mps"], "mps"),
        ("cpu", 1, ["cuda"], "cpu"),
    ],
)
def test_choose_device(machine, caplog, setting, gpus, present, expected):
    machine(*present)
    assert choose_device(setting, gpus) == expected
    assert not caplog.records


def test_a_granted_gpu_that_torch_cannot_use_is_told(machine, caplog):
    machine()
    assert choose_device("auto", 1) == "cpu"
    assert caplog.messages == ["a GPU was granted, but torch finds none it can use: using the CPU"]


def test_a_gpu_that_was_insisted_on_and_not_granted_is_an_error(machine):
    machine("cuda")
    with pytest.raises(UserError) as error:
        choose_device("cuda", 0)
    assert str(error.value) == "training.device is cuda, but the job was granted no GPU"


@pytest.mark.parametrize(
    ("setting", "limits", "there", "expected"),
    [
        # A machine that sees no GPU may plan for one that has it, or have a driver that fails.
        ("cuda", {"gpu": 1}, False, (1, 1)),
        ("mps", {"gpu": 1}, False, (1, 1)),
        ("cuda", {}, False, (1, 1)),
        ("auto", {"gpu": 1}, True, (1, 1)),
        ("auto", {}, True, (1, 1)),
        ("auto", {"gpu": 1}, False, (0, 0)),
        ("auto", {"gpu": 0}, True, (0, 0)),
        ("auto", {"gpu": 1, "shared_gpu": 0}, True, (1, 0)),
        ("cpu", {"gpu": 1}, True, (0, 0)),
        ("cpu", {"gpu": 0}, True, (0, 0)),
    ],
)
def test_only_auto_looks_at_the_machine_that_plans(monkeypatch, setting, limits, there, expected):
    monkeypatch.setattr(devices, "accelerator_present", lambda: there)
    kinds = ("gpu", "shared_gpu")
    assert tuple(gpus_to_ask_for(setting, kind, limits) for kind in kinds) == expected


def test_a_gpu_that_is_insisted_on_and_refused_is_the_users_mistake():
    for kind, refused in (("gpu", "gpu"), ("shared_gpu", "gpu"), ("shared_gpu", "shared_gpu")):
        with pytest.raises(UserError, match=f"is cuda, but --resources {refused}=0 grants no GPU"):
            gpus_to_ask_for("cuda", kind, {refused: 0})


@pytest.mark.parametrize(("setting", "present"), [("cuda", "mps"), ("mps", "cuda")])
@pytest.mark.parametrize("gpus", [0, 1])
def test_a_device_that_is_not_there_is_the_users_mistake(machine, setting, present, gpus):
    machine(present)
    with pytest.raises(UserError) as error:
        choose_device(setting, gpus)
    assert str(error.value) == (
        f"training.device: {setting} is not available on this machine; use auto or cpu"
    )


@pytest.mark.parametrize(
    ("setting", "device", "bfloat16", "expected"),
    [
        ("auto", "cuda", True, "bfloat16"),
        ("auto", "cuda", False, "float32"),
        ("auto", "mps", True, "float32"),
        ("float32", "cuda", True, "float32"),
        ("bfloat16", "cpu", False, "bfloat16"),
    ],
)
def test_choose_precision(machine, setting, device, bfloat16, expected):
    machine("cuda", bfloat16=bfloat16)
    assert choose_precision(setting, device) == expected


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu avx512f avx512_bf16", "bfloat16"),
        ("fpu amx_bf16", "bfloat16"),
        ("fpu avx512f avx512_bf16_of_sorts", "float32"),
        (None, "float32"),
    ],
)
def test_a_processor_without_bfloat16_computes_in_float32(tmp_path, monkeypatch, flags, expected):
    cpuinfo = tmp_path / "cpuinfo"
    if flags:
        cpuinfo.write_text(f"model name : A processor\nflags : {flags}\n")
    monkeypatch.setattr("blocklab.processor.CPUINFO", cpuinfo)
    assert choose_precision("auto", "cpu") == expected


@pytest.fixture
def as_torch_comes(monkeypatch):
    """torch's own settings for CUDA; they are put back after the test."""
    names = ("allow_tf32", "allow_bf16_reduced_precision_reduction")
    before = {name: getattr(cuda.matmul, name) for name in names}
    for name in names:  # TF32 is on in some vendors' builds
        setattr(cuda.matmul, name, True)
    monkeypatch.delenv("CUDA_DEVICE_MAX_CONNECTIONS", raising=False)
    kinds = ("FLASH_ATTENTION", "EFFICIENT_ATTENTION", "CUDNN_ATTENTION", "MATH")
    with cudnn.flags(enabled=True), sdpa_kernel([getattr(SDPBackend, kind) for kind in kinds]):
        yield
    for name in names:
        setattr(cuda.matmul, name, before[name])


@pytest.mark.parametrize("deterministic", [True, False])
def test_how_a_process_computes_on_cuda(as_torch_comes, deterministic):
    prepare_cuda(1, deterministic)
    assert cudnn.benchmark is not deterministic
    assert cudnn.allow_tf32
    assert not cuda.matmul.allow_tf32
    assert not cuda.matmul.allow_bf16_reduced_precision_reduction
    assert not cuda.cudnn_sdp_enabled()
    assert cuda.flash_sdp_enabled()
    assert cuda.mem_efficient_sdp_enabled()
    assert cuda.math_sdp_enabled()
    with exact_float32():
        assert not cudnn.allow_tf32
        assert not cudnn.benchmark
        assert cudnn.enabled
    assert cudnn.allow_tf32
    assert cudnn.benchmark is not deterministic
    assert not torch.cuda.is_initialized()


@pytest.mark.parametrize(
    ("seeds", "set_before", "expected"), [(8, None, None), (9, None, "32"), (9, "8", "8")]
)
def test_a_large_pack_has_a_queue_per_stream(
    as_torch_comes, monkeypatch, seeds, set_before, expected
):
    before = {} if set_before is None else {"CUDA_DEVICE_MAX_CONNECTIONS": set_before}
    monkeypatch.setattr(os, "environ", before)
    prepare_cuda(seeds, deterministic=False)
    assert os.environ.get("CUDA_DEVICE_MAX_CONNECTIONS") == expected


def fails():
    raise OSError("no driver")


@pytest.mark.parametrize(
    ("system", "machine_name", "nvml", "expected"),
    [
        ("Darwin", "arm64", None, True),
        ("Darwin", "x86_64", None, False),
        ("Linux", "x86_64", None, False),  # no library
        ("Linux", "x86_64", {"nvmlInit": fails}, False),
        ("Linux", "x86_64", {"nvmlDeviceGetCount": lambda: 0}, False),
        ("Linux", "x86_64", {"nvmlDeviceGetCount": lambda: 2}, True),
    ],
)
def test_accelerator_present(monkeypatch, system, machine_name, nvml, expected):
    usual = {"nvmlInit": lambda: None, "nvmlDeviceGetHandleByIndex": int}
    usual["nvmlDeviceGetUUID"] = "GPU-{}".format
    library = None if nvml is None else SimpleNamespace(**usual | nvml)
    monkeypatch.setitem(sys.modules, "pynvml", library)
    monkeypatch.setattr(devices.platform, "system", lambda: system)
    monkeypatch.setattr(devices.platform, "machine", lambda: machine_name)
    assert accelerator_present() is expected


def test_looking_for_an_accelerator_takes_no_torch():
    script = (
        "import sys; from blocklab.jobs.devices import accelerator_present; accelerator_present(); "
        "print('torch' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(Path(devices.__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "False"


def test_numbers_too_small_to_be_fast_count_as_zero(monkeypatch):
    monkeypatch.setattr("blocklab.jobs.devices.keep_freed_memory", lambda: None)
    small = torch.tensor([1e-38])
    assert (small * 0.1).item() > 0
    prepare_processor(torch.get_num_threads())
    try:
        assert (small * 0.1).item() == 0
    finally:
        torch.set_flush_denormal(False)
