"""A target that nothing makes is one line with the networks there are."""

import sys

import pytest

from blocklab.errors import UserError
from blocklab.study.targets import check_targets, forces_all

NETWORKS, RULES = ["exp3", "vgg"], ["all", "train", "summary"]


@pytest.mark.parametrize(
    ("target", "hint"),
    [("vggg", "; did you mean 'vgg'?"), ("sumary", "; did you mean 'summary'?"), ("resnet50", "")],
)
def test_an_unknown_target(monkeypatch, target, hint):
    monkeypatch.setattr(sys, "argv", ["bin/snakemake", "vgg", target, "--cores", "4"])
    with pytest.raises(UserError) as error:
        check_targets(NETWORKS, RULES)
    assert str(error.value) == f"{target}: no network has that name; there are exp3, vgg{hint}"


def test_a_stage_is_no_target(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["snakemake", "train", "--cores", "4"])
    with pytest.raises(UserError) as error:
        check_targets(NETWORKS, RULES)
    assert str(error.value) == (
        "train: a stage of every run and no target; ask for a network (exp3, vgg), or for all up "
        "to it: --until train"
    )


@pytest.mark.parametrize(
    "words",
    [
        ["all", "--until", "train"],
        ["vgg", "--cores", "all"],
        ["summary", "results/vggg", "vggg.md"],
        ["vgg", "--executor", "local"],
        ["vgg", "--forcerun", "vggg", "--cores", "1"],
        [],
    ],
)
def test_networks_rules_files_and_values_of_options(monkeypatch, words):
    monkeypatch.setattr(sys, "argv", ["snakemake", *words])
    check_targets(NETWORKS, RULES)


def test_another_programs_arguments_are_no_targets(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["pytest", "vggg"])
    check_targets(NETWORKS, RULES)


@pytest.mark.parametrize(
    ("words", "forced"),
    [
        (["--forceall"], True),
        (["vgg", "-nF"], True),
        (["-n", "--forceal"], True),
        (["--forcerun", "train"], False),
        ([], False),
    ],
)
def test_whether_every_job_is_to_run_again(monkeypatch, words, forced):
    monkeypatch.setattr(sys, "argv", ["snakemake", *words])
    assert forces_all() is forced
