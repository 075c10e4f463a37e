"""The page of the excellent network says what its committed tables give, and its network loads."""

import json
from pathlib import Path

import pandas as pd
import pytest

from blocklab import load_network
from blocklab.report.statistics import mean_interval
from blocklab.report.words import percent

STUDIES = Path(__file__).parents[3] / "docs" / "studies"
RECORD = STUDIES / "excellent"
PAGE = (STUDIES / "excellent.md").read_text(encoding="utf-8")
README = (STUDIES.parents[1] / "README.md").read_text(encoding="utf-8")


def within(low: float, high: float) -> str:
    return f"{percent(low).removesuffix(' %')} to {percent(high).removesuffix(' %')}"


@pytest.mark.parametrize("network", ["six_convolutions", "exp3"])
def test_accuracy_interval_worst_seed_and_parameters(network):
    row = pd.read_csv(RECORD / "networks.csv").set_index("network").loc[network]
    runs = pd.read_csv(RECORD / "runs.csv")
    accuracies = runs.loc[runs["network"] == network, "test_acc"]
    assert len(accuracies) == 10
    interval = within(row["test_acc_low"], row["test_acc_high"])
    cells = f"{percent(row['test_acc'])} ({interval}) | {percent(accuracies.min())}"
    assert f"{cells} | {row['parameters']:,} |" in PAGE


def test_the_vote_and_the_accuracy_without_shifts():
    [vote] = pd.read_csv(RECORD / "votes.csv").to_dict("records")
    interval = within(vote["test_acc_low"], vote["test_acc_high"])
    assert f"{percent(vote['test_acc'])} ({interval}, over images)" in PAGE
    assert f"{vote['parameters']:,}" in PAGE
    plain = pd.read_csv(RECORD / "unshifted.csv")["test_acc"]
    mean, low, high = mean_interval(plain.to_numpy())
    assert f"{percent(mean)} ({within(low, high)}) | {percent(plain.min())}" in PAGE
    runs = pd.read_csv(RECORD / "runs.csv")
    shifted = runs.loc[runs["network"] == "six_convolutions", "test_acc"].to_numpy()
    gain, low, high = (100 * value for value in mean_interval(shifted - plain.to_numpy()))
    assert f"worth {gain:.2f} points ({low:.2f} to {high:.2f})" in PAGE


def test_the_vote_of_different_networks():
    [vote] = pd.read_csv(STUDIES / "vote" / "votes.csv").to_dict("records")
    assert vote["test_acc"] >= 0.9978 and vote["parameters"] <= 1_000_000
    found = f"gets {percent(vote['test_acc'])} of the test images right"
    assert found in PAGE and f"{vote['parameters']:,} parameters in all" in PAGE
    limits = within(vote["test_acc_low"], vote["test_acc_high"]).split(" to ")
    assert all(limit in PAGE for limit in limits)


def test_the_images_that_are_missed():
    misses = pd.read_csv(RECORD / "misses.csv")
    by_all = (misses["seeds_wrong"] == 10).sum()
    assert f"{len(misses)} by most and {by_all} by all" in PAGE


def test_the_readme_has_the_same_number():
    row = pd.read_csv(RECORD / "networks.csv").set_index("network").loc["six_convolutions"]
    interval = within(row["test_acc_low"], row["test_acc_high"])
    assert f"{percent(row['test_acc'])}" in README and interval in README


def test_the_network_that_comes_along_is_the_studys():
    network = load_network(str(RECORD / "network"))
    assert sum(parameter.numel() for parameter in network.parameters()) == 95_770
    [commit] = json.loads((RECORD / "provenance.json").read_text(encoding="utf-8"))["commit"]
    assert network.provenance["commit"].startswith(commit)
