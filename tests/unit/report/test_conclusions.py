"""Conclusions, limits and open questions stand if, and only if, the numbers say so."""

import pandas as pd
import pytest
from made_up_study import made_histories

from blocklab.report.sentences.conclusions import best_and_why, limits, remains_open


def test_a_best_that_is_ahead_of_all_and_one_that_is_not(make_networks):
    (ahead,) = best_and_why(make_networks(csp={"p_value": 0.01}))
    assert ahead.startswith("**vgg** is ahead of every other network, each time a difference of")
    (seeds,) = best_and_why(make_networks(3, csp={"p_value": 0.01}))
    assert "a difference beyond the chance of the seeds" in seeds
    (equal,) = best_and_why(make_networks(csp={"parameters": 9}))
    assert equal == (
        "**vgg** cannot be told from csp by accuracy on test images; of these, csp has the fewest "
        "parameters (9)."
    )
    (small,) = best_and_why(make_networks())
    assert small.endswith("of these, vgg and csp have the fewest parameters (14,450).")
    (below,) = best_and_why(make_networks(csp={"p_value": 0.01, "test_acc": 0.99}))
    assert below == (
        "**vgg** was chosen, but csp is more accurate on the test images, a difference of these "
        "trained networks, on these images."
    )


def test_a_better_baseline_is_told_beside_an_equal_rival(make_networks):
    better, equal = best_and_why(make_networks(exp3={"test_acc": 0.999}))
    assert better.startswith("**vgg** was chosen, but exp3 is more accurate on the test images")
    assert equal.startswith("**vgg** cannot be told from csp by accuracy on test images")


def test_one_rival_is_named(make_networks):
    networks = make_networks()
    (ahead,) = best_and_why(networks[networks["network"] != "csp"])
    assert ahead.startswith("**vgg** is ahead of exp3, a difference of these trained networks")


@pytest.mark.parametrize(
    ("sizes", "meaning"),
    [
        ((1, 2, 3, 4, 5), "+1.00 over 5 networks: larger networks tend to be more accurate (p ="),
        ((5, 4, 3, 2, 1), "-1.00 over 5 networks: larger networks tend to be less accurate (p ="),
        ((2, 3, 5, 1, 4), "+0.20 over 5 networks: size orders them no better than"),
    ],
)
def test_whether_size_goes_with_accuracy(make_networks, sizes, meaning):
    networks = make_networks(csp={"p_value": 0.01})
    more = [networks.iloc[[2]].assign(network=name) for name in ("sppf", "spp")]
    networks = pd.concat([networks, *more], ignore_index=True)
    networks["test_acc"] = [0.95, 0.99, 0.97, 0.98, 0.96]
    order = networks["test_acc"].rank().astype(int) - 1
    networks["parameters"] = [sizes[position] for position in order]
    assert meaning in " ".join(best_and_why(networks))
    assert "rank correlation" not in " ".join(best_and_why(networks.iloc[:4]))


def test_whether_a_wide_convolution_decides(make_networks):
    def why(**changes):
        return " ".join(best_and_why(make_networks(**changes)))

    assert "wider than 1x1" not in why()
    assert "is more accurate on test images than exp3, without one" in why(
        exp3={"largest_kernel": 1}
    )
    assert "wider than 1x1" not in why(exp3={"largest_kernel": 1, "test_acc": 0.965})
    # The least accurate wide network is sure, a better one less.
    unsure = make_networks(exp3={"largest_kernel": 1})
    unsure.loc[unsure["network"] == "vgg", "test_acc_low"] = 0.9
    assert "Every network" not in " ".join(best_and_why(unsure))
    assert "does not decide: vgg has none and is as accurate as exp3" in why(
        vgg={"largest_kernel": 1}
    )


def test_limits_follow_from_the_study(make_networks):
    one = " ".join(limits(make_networks(), ["pooling"], 1000))
    assert "of these trained networks, on these images" in one
    assert "differ in [pooling](#what-was-compared) too" in one
    assert "bell curve" not in one and "Without validation" not in one
    three = " ".join(limits(make_networks(3), [], 0))
    assert "One seed" not in three and "differ in" not in three
    assert "ten seeds' did in 72 % (simulated)" in three
    assert "With 3 seeds, a rare failure is likely unseen." in three
    assert "Without validation images" in three
    assert "unseen" not in " ".join(limits(make_networks(6), [], 0))


def test_what_remains_open_follows_from_the_study(make_networks):
    real = make_networks(csp={"p_value": 0.01})
    falling = made_histories(real).assign(epoch=lambda table: 4 - table["epoch"])
    assert remains_open(make_networks(3, csp={"p_value": 0.01}), falling) == []
    assert remains_open(real, falling) == [
        "Whether the order holds for other seeds: `seeds.count` in the config."
    ]
    several = make_networks(3)
    assert remains_open(several, made_histories(several)) == [
        "Whether vgg differs from csp: more seeds would tell.",
        "Whether more epochs would change the order: exp3, vgg and csp were at the best after the "
        "last one.",
    ]
    assert "more seeds or more test images" in remains_open(make_networks(), falling)[0]
