"""Who asks for a GPU, and who waits for it, on a machine whose NVML is a stand-in that names one.

torch finds no GPU there, so every job that was granted one says so in its log, and goes on.
"""

import re
from pathlib import Path

import pytest
from comparison import differences
from tiny_study import Study

pytestmark = pytest.mark.workflow

NVML = """
def nvmlInit(): pass
def nvmlDeviceGetCount(): return 1
def nvmlDeviceGetHandleByIndex(index): return index
def nvmlDeviceGetUUID(handle): return "GPU-made-up"
"""
NO_USE = "a GPU was granted, but torch finds none it can use: using the CPU"
WORKED = r"worked from (\S+) to (\S+)"


def test_trainings_take_turns_on_a_gpu_and_the_rest_runs_beside_them(
    study: Study, finished: Study, tmp_path: Path
):
    """vgg, trained before, is evaluated and explained anew: to the same, in jobs of their own."""
    (tmp_path / "stand_ins").mkdir()
    (tmp_path / "stand_ins" / "pynvml.py").write_text(NVML)
    card = {"PYTHONPATH": str(tmp_path / "stand_ins"), "TMPDIR": str(tmp_path)}
    other = {"batch_size": 60}
    study.configure({"tracking": {"mode": "disabled"}, "networks": {"exp3": other, "csp": other}})
    for file in ("metrics.csv", "predictions.npz", "attributions.npz"):
        (study.run_folder("vgg") / file).unlink()
    trained = [f"results/tiny/mnist/{name}/seed0/weights.safetensors" for name in ("csp", "exp3")]
    study.run("vgg", *trained, gpu=1, **card)
    worked = {}
    for job in ("csp/seed0/train", "exp3/seed0/train", "vgg/seed0/evaluate", "vgg/seed0/explain"):
        log = (study.results / f"logs/mnist/{job}.log").read_text(encoding="utf-8")
        assert log.count(NO_USE) == 1
        assert "sharing GPU" not in log
        worked[job] = [float(time) for time in re.search(WORKED, log).groups()]
    first, second, evaluated, explained = worked.values()
    assert first[1] < second[0]  # csp comes first, because it takes longer
    for beside in (evaluated, explained):
        assert first[0] < beside[1] and beside[0] < second[1]
    assert differences(finished, study, "mnist/vgg") == []
