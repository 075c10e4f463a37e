"""A target that nothing makes is one line with the networks there are."""

import sys

import pytest

from blocklab.errors import UserError
from blocklab.study.targets import check_targets

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


@pytest.mark.parametrize(
    "words",
    [
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
