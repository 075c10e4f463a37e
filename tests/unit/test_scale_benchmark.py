"""What `benchmarks/scale.py` makes of its measurements, and the studies that it measures."""

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import scale


@pytest.mark.parametrize("runs", [10, 100, 200, 1_000, 10_000])
def test_a_study_has_as_many_runs_as_were_asked_for(runs):
    networks, seeds = scale.sizes(runs)
    assert networks * seeds == runs


def test_no_two_networks_are_alike():
    made = [str(scale.network(number)) for number in range(1_024)]
    assert len({*made}) == 1_024


def test_the_page_has_the_latest_measurement_of_each_size():
    about = {"machine": "2 cores of P", "commit": "abc"}
    rows = [
        {"runs": 1_000, "networks": 20, "seeds": 50, "jobs": 4_009, "plan": 9.99} | about,
        {"runs": 1_000, "networks": 20, "seeds": 50, "jobs": 4_009, "plan": 8.76} | about,
        {"runs": 1_000, "networks": 20, "seeds": 50, "overhead_per_job": 0.345} | about,
        {"runs": 10, "networks": 5, "seeds": 2, "jobs": 49, "plan": 1.234} | about,
    ]
    page = scale.markdown(pd.DataFrame(rows))
    header, _, small, large = [line for line in page.splitlines() if line.startswith("|")]
    names = [cell.strip() for cell in header.strip("|").split("|")]
    small, large = (
        dict(zip(names, (cell.strip() for cell in line.strip("|").split("|")), strict=True))
        for line in (small, large)
    )
    assert small["plan (s)"] == "1.23" and small["of one job (s)"] == ""
    assert large["jobs"] == "4,009" and large["plan (s)"] == "8.76"
    assert large["of one job (s)"] == "0.345"
    assert scale.number(1207.84) == "1,208"
    assert page.count("2 cores of P, commit abc") == 1
