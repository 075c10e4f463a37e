"""The tests of a CUDA device run where little more than torch is installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# What the workflow needs besides, and pytest's plugins, which need not be there either.
MISSING = ["captum", "hypothesis", "jinja2", "jsonschema", "platformdirs", "pynvml", "scipy"]
MISSING += ["snakemake", "statsmodels", "tabulate", "wandb"]
WITHOUT_THEM = (
    f"import sys, pytest; sys.modules.update(dict.fromkeys({MISSING})); "
    "sys.exit(pytest.main(['-m', 'gpu', '-p', 'no:cacheprovider', sys.argv[1]]))"
)


@pytest.mark.slow
def test_without_a_device_they_are_skipped():
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_THEM, str(Path(__file__).with_name("test_gpu.py"))],
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert set(run.stdout.split()[0]) == {"s"}
