"""Which runs are trained, and which seeds share a job."""

import pytest

from blocklab.files import write_json
from blocklab.study.runs import is_trained, leftovers, pack, rule_name, seeds_of, span


@pytest.mark.parametrize(
    ("missing", "per_job", "expected"),
    [
        ({"vgg": [0]}, 8, []),
        ({"vgg": [0, 1, 2], "csp": []}, 1, []),
        ({"vgg": [0, 1], "csp": [0, 1]}, 8, [([0, 1], ["vgg", "csp"])]),
        ({"vgg": [3, 4, 5, 6, 7]}, 2, [([3, 4], ["vgg"]), ([5, 6], ["vgg"])]),
        ({"vgg": [1, 4], "csp": [4]}, 8, [([1, 4], ["vgg"])]),
    ],
)
def test_seeds_that_are_missing_share_jobs(missing, per_job, expected):
    assert pack(missing, per_job) == expected


def test_every_set_of_seeds_has_a_name_of_its_own():
    assert span([0, 1, 2, 5, 7, 8]) == "0-2, 5, 7-8"
    assert rule_name([0, 1, 2, 5]) == "train_seeds_0to2_5"
    names = {rule_name(seeds) for seeds in ([0, 2], [0, 1, 2], [0, 1], [1, 2], [12, 13])}
    assert len(names) == 5
    assert seeds_of({"first": 3, "count": 2, "per_job": 8}) == [3, 4]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"code": "c", "seed": 3, "more": 1}, True),
        ({"code": "other", "seed": 3}, False),
        ({"seed": 3}, False),
        ([], False),
        (None, False),
    ],
)
def test_a_run_is_trained_if_its_record_says_what_is_planned(tmp_path, content, expected):
    if content is not None:
        write_json(tmp_path / "provenance.json", content)
    assert is_trained(tmp_path, {"code": "c", "seed": 3}) == expected


def test_a_record_that_is_cut_short_is_none(tmp_path):
    (tmp_path / "provenance.json").write_text('{"code": "c"')
    assert not is_trained(tmp_path, {"code": "c"})


def test_runs_of_no_network_of_the_study_are_named_with_what_removes_them(tmp_path):
    for run in ("vgg/seed0", "old net/seed0", "old net/seed1", "vgg/seeds0-7", "mine/other"):
        (tmp_path / run).mkdir(parents=True)
    line = leftovers(tmp_path, ["vgg"])
    assert line.endswith(f"to remove them: rm -r '{tmp_path}/old net' {tmp_path}/vgg/seeds0-7")
    assert "\n" not in line
    assert leftovers(tmp_path, ["vgg", "old net"]).endswith(f": rm -r {tmp_path}/vgg/seeds0-7")
    assert leftovers(tmp_path / "none", ["vgg"]) is None
