"""What is said of where trainings stopped."""

import math

import pandas as pd
import pytest

from blocklab.report.sentences.stopping import still_rising, stopped_low


def histories(**runs: list[list[float]]) -> pd.DataFrame:
    """Return histories.csv: by network, each seed's accuracy on validation images by epoch."""
    rows = [
        {"network": network, "seed": seed, "epoch": epoch, "validation_acc": accuracy}
        for network, seeds in runs.items()
        for seed, accuracies in enumerate(seeds)
        for epoch, accuracy in enumerate(accuracies, 1)
    ]
    return pd.DataFrame(rows)


# Two standard errors of 0.9 on 900 images are 0.02.
@pytest.mark.parametrize(("best", "told"), [(0.921, True), (0.919, False), (math.nan, False)])
def test_a_last_epoch_far_below_the_best_is_told(best, told):
    sentences = stopped_low(histories(sppf=[[best, 0.9]], vgg=[[0.8, 0.95]]), 900)
    assert [sentence.startswith("**sppf** was better before") for sentence in sentences] == (
        [True] * told
    )


def test_how_far_below_and_who_lies_between():
    tables = histories(sppf=[[0.99, 0.9]], vgg=[[0.9, 0.95]], csp=[[0.8, 0.94]])
    (sentence,) = stopped_low(tables, 900)
    assert sentence == (
        "**sppf** was better before it stopped: 99.00 % of the validation images after epoch 1, "
        "90.00 % after the last; two standard errors are 2.00 points. Between the two lie vgg and "
        "csp."
    )
    (sentence,) = stopped_low(histories(sppf=[[0.99, 0.9]], vgg=[[0.9, 0.995]]), 900)
    assert "Between" not in sentence


def test_what_lies_between_is_told_of_networks_with_fewer_epochs_too():
    (sentence,) = stopped_low(histories(sppf=[[0.99, 0.95, 0.9]], vgg=[[0.8, 0.95]]), 900)
    assert sentence.endswith("Between the two lies vgg.")


def test_of_several_seeds_those_that_stopped_low_are_counted():
    (sentence,) = stopped_low(histories(sppf=[[0.8, 0.9], [0.95, 0.9], [0.96, 0.9]]), 900)
    assert "stopped, with 2 seeds of 3; most with seed 2: 96.00 % of" in sentence
    (sentence,) = stopped_low(histories(sppf=[[0.8, 0.9], [0.95, 0.9]]), 900)
    assert "stopped, with 1 seed of 2, seed 1: 95.00 % of" in sentence


def test_without_validation_images_nothing_is_said():
    tables = histories(sppf=[[math.nan, math.nan]])
    assert stopped_low(tables, 0) == []
    assert list(still_rising(tables)) == []


def test_a_perfect_epoch_has_no_standard_error_but_one_image_is_no_finding():
    assert stopped_low(histories(vgg=[[1.0, 0.999]]), 1000) == []
    assert stopped_low(histories(vgg=[[1.0, 0.99]]), 1000) != []


def test_networks_at_their_best_after_the_last_epoch_are_still_rising():
    tables = histories(vgg=[[0.8, 0.9], [0.7, 0.8]], csp=[[0.8, 0.9], [0.9, 0.8]], exp3=[[0.9]])
    assert list(still_rising(tables)) == ["vgg"]
