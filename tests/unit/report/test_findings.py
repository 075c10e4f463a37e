"""Each sentence stands if, and only if, the numbers say so."""

import math

import pandas as pd
import pytest

from blocklab.report.sentences.findings import conclusion, highest_costs, oddities, standing
from blocklab.report.words import interval

EPOCHS = "10 epochs"
SIZES = {"training": 55000, "validation": 5000, "test": 10000}
CLASSES = [str(label) for label in range(10)]
# What each oddity is known by.
RESIDUAL = "has 2 blocks that can add the input to the output, and none does"
POINTWISE = "has no convolution wider than 1x1"
LOW, COSTLY, FLOOR = "worst", "more than an even guess would cost", "softmax is applied twice"
OPTIMISTIC, REAL, UNTOLD = "is optimistic", "fewer, a difference of these", "may be chance"
EQUAL, WORSE = "Not distinguishable", "Less accurate, a difference of these"
BETTER = "More accurate on the test images, a difference of these"


def odd(networks, loss="cross_entropy", class_names=CLASSES, chance=0.0):
    losses = dict.fromkeys(networks["network"], loss)
    return oddities(networks, losses, class_names, chance)


def test_nothing_odd_is_nothing_said(make_networks):
    assert odd(make_networks()) == []


@pytest.mark.parametrize(
    ("changes", "sentences"),
    [
        ({"residuals": 2, "active_residuals": 0}, [RESIDUAL]),
        ({"residuals": 2, "active_residuals": 1}, []),
        ({"residuals": 2, "active_residuals": 2}, []),
        ({"largest_kernel": 1}, [POINTWISE]),
        ({"largest_kernel": 0}, []),  # no convolution at all
        ({"recall_4": 0.899}, [LOW]),
        ({"recall_4": 0.9}, []),
        ({"recall_4": math.nan}, []),  # no test images of it
        ({"test_cross_entropy": 2.31}, [COSTLY]),  # the logarithm of 10 is 2.3026
        ({"test_cross_entropy": 2.30}, []),
        ({"residuals": 1}, ["has 1 block that can add the input to the output, and none does"]),
        ({"residuals": 2, "largest_kernel": 1, "recall_4": 0.1}, [RESIDUAL, POINTWISE, LOW]),
    ],
)
def test_an_oddity_is_told_if_it_is_there(make_networks, changes, sentences):
    found = odd(make_networks(csp=changes))
    assert len(found) == len(sentences)
    for told, sentence in zip(found, sentences, strict=True):
        assert told.startswith("**csp** ")
        assert sentence in told


@pytest.mark.parametrize(
    ("seeds", "labels", "sentence"),
    [
        (1, "5", "**vgg** never answers 5 on any test image."),
        (1, "2 3 7", "**vgg** never answers 2, 3 or 7 on any test image."),
        (3, "5", "**vgg** never answers 5 on any test image with at least one seed."),
        (3, "5 7", "**vgg** never answers 5 or 7 on any test image, each with at least one seed."),
    ],
)
def test_a_class_never_predicted_is_told_in_place_of_its_recall(
    make_networks, seeds, labels, sentence
):
    networks = make_networks(seeds, vgg={"recall_5": 0.0, "never_predicted": labels})
    assert odd(networks) == [sentence]


def test_low_recall_in_words(make_networks):
    (one,) = odd(make_networks(vgg={"recall_3": 0.5, "recall_8": 0.99}))
    assert one == (
        "**vgg** recognises class 3 worst (50.0 %) and class 8 best (99.0 %); 1 of 10 classes is "
        "below 90 %."
    )
    (two,) = odd(make_networks(vgg={"recall_3": 0.5, "recall_4": 0.89}))
    assert two.endswith("2 of 10 classes are below 90 %.")


def test_classes_have_their_names(make_networks):
    letters = [f"class {letter}" for letter in "abcdefghij"]
    (low,) = odd(make_networks(vgg={"recall_5": 0.5, "recall_8": 0.99}), class_names=letters)
    assert "class f worst" in low and "class i best" in low
    (never,) = odd(make_networks(vgg={"never_predicted": "5"}), class_names=letters)
    assert "never answers class f on" in never
    (many,) = odd(
        make_networks(vgg={"never_predicted": "0 1 2 3 4 5 6 7 8 9"}), class_names=["a|b"] * 10
    )
    assert many.endswith(r", a\|b, a\|b or 2 more on any test image.")


def test_confidently_wrong_in_words(make_networks):
    (sentence,) = odd(make_networks(vgg={"test_cross_entropy": 3.6, "test_acc": 0.8946}))
    assert sentence == (
        "**vgg** has a test cross-entropy of 3.60 nats, more than an even guess would cost (2.30), "
        "at an accuracy of 89.46 %: where it is wrong, it is confidently wrong, and gives the true "
        "class less than 5e-07 (geometric mean)."
    )


@pytest.mark.parametrize(
    ("cross_entropy", "accuracy", "told"),
    [
        # (4.2 - 0.9 ln 10) / 0.1 is 21.28, and exp(-21.28) is 5.75e-10: a bound is rounded up.
        (4.2, 0.9, "less than 6e-10"),
        # (3.9 - 0.9 ln 10) / 0.1 is 18.28, and exp(-18.28) is 1.15e-8.
        (3.9, 0.9, "less than 2e-08"),
        (500.0, 0.5, "less than 3e-308"),
        (2.31, 0.098, "would cost (2.30), at an accuracy of 9.80 %."),  # which is not confident
    ],
)
def test_how_confidently_wrong_is_told(make_networks, cross_entropy, accuracy, told):
    changes = {"test_cross_entropy": cross_entropy, "test_acc": accuracy}
    (sentence,) = odd(make_networks(vgg=changes))
    assert sentence.endswith(told) or f"{told} (geometric mean)" in sentence


def test_the_floor_is_told_under_the_homeworks_loss_alone(make_networks):
    networks = make_networks(vgg={"loss": 1.47})
    assert not any(FLOOR in sentence for sentence in odd(networks))
    (sentence,) = odd(networks, loss="double_softmax_cross_entropy")
    assert FLOOR in sentence
    assert "cannot fall below 1.46115" in sentence
    assert "that of vgg, is 0.00885 above it" in sentence


def test_the_conclusion_in_full(make_networks):
    text = conclusion(make_networks(csp={"p_value": 0.012}), EPOCHS, SIZES, 0.1)
    assert text == (
        "Of 2 networks trained for 10 epochs on 55,000 images, **vgg** is the best by validation "
        "accuracy (99.00 %). It gets 98.50 % (97.50 to 99.50) of the 10,000 test images right; the "
        "baseline exp3 gets 95.00 % (94.00 to 96.00): 3.50 points fewer, a difference of these "
        "trained networks, on these images (p < 0.001). Less accurate, a difference of these "
        "trained networks, on these images: csp (p = 0.012). With one seed "
        "each, this is about these trained networks; another seed may differ."
    )
    several = conclusion(make_networks(seeds=3), EPOCHS, SIZES, 0.1)
    assert "beyond the chance of the seeds (" in several and "one seed" not in several


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, {REAL, EQUAL}),
        ({"exp3": {"p_value": 0.0499}}, {REAL, EQUAL}),
        ({"exp3": {"p_value": 0.05}}, {UNTOLD, EQUAL}),
        ({"csp": {"p_value": 0.05}}, {REAL, EQUAL}),
        ({"csp": {"p_value": 0.0499}}, {REAL, WORSE}),
        ({"csp": {"p_value": 0.01, "test_acc": 0.99}}, {REAL, BETTER}),
        ({"csp": {"validation_acc": math.nan}}, {REAL, EQUAL, OPTIMISTIC}),
    ],
)
def test_the_conclusion_claims_what_the_p_values_support(make_networks, changes, told):
    text = conclusion(make_networks(**changes), EPOCHS, SIZES, 0.1)
    everything = {OPTIMISTIC, REAL, UNTOLD, EQUAL, WORSE, BETTER}
    assert {sentence for sentence in everything if sentence in text} == told


def test_without_a_validation_split_the_conclusion_rests_on_the_test(make_networks):
    missing = {"validation_acc": math.nan}
    networks = make_networks(exp3=missing, vgg=missing, csp=missing)
    text = conclusion(networks, EPOCHS, SIZES, 0.1)
    assert "**vgg** is the best by test accuracy (98.50 %)" in text
    assert "There is no validation split" in text


def test_one_candidate_is_no_best_of_several(make_networks):
    networks = make_networks().iloc[:2]
    text = conclusion(networks, "1 epoch", SIZES, 0.1)
    assert text.startswith(
        "**vgg**, the one network beside the baseline, trained for 1 epoch on 55,000 images, has "
        "a validation accuracy of 99.00 %. It gets "
    )
    assert not any(word in text for word in (EQUAL, WORSE, BETTER, "best"))
    text = conclusion(networks.assign(validation_acc=math.nan), EPOCHS, SIZES, 0.1)
    assert "baseline, trained for 10 epochs on 55,000 images. It gets 98.50 %" in text
    assert not any(word in text for word in (OPTIMISTIC, "best"))


@pytest.mark.parametrize(("p", "told"), [(1e-6, True), (0.2, False)])
def test_a_baseline_that_is_better_beyond_chance_is_told_at_once(make_networks, p, told):
    networks = make_networks(exp3={"test_acc": 0.995, "p_value": p})
    opening, rest = conclusion(networks, EPOCHS, SIZES, 0.1).split(
        ". vgg gets " if told else ". It gets "
    )
    assert opening.endswith(", but the baseline **exp3** is better") == told
    assert "1.00 points more" in rest
    alone = conclusion(networks.iloc[:2], EPOCHS, SIZES, 0.1)
    assert (" of 99.00 %, but the baseline **exp3** is better. vgg gets" in alone) == told


def test_the_best_networks_standing_counts_what_costs_less(make_networks):
    networks = make_networks(exp3={"flops": 1e6, "parameters": 9}, csp={"parameters": 9})
    columns = {"parameters": "parameters", "flops": "FLOPs", "largest_kernel": "kernels"}
    assert standing(networks, columns) == (
        "Of the 3 networks, the baseline included, **vgg** is lowest in kernels; 2nd lowest in "
        "FLOPs; highest in parameters."
    )
    networks["flops"] = math.nan
    assert "FLOPs" not in standing(networks, columns)


def test_highest_costs_names_the_top_of_each_cost_that_all_have(make_networks):
    networks = make_networks(
        vgg={"seconds_per_epoch": 9.0, "gpu_samples": 5.0}, csp={"peak_memory_bytes": 2**31}
    )
    columns = {"seconds_per_epoch": "time", "peak_memory_bytes": "memory", "gpu_samples": "use"}
    assert highest_costs(networks, columns) == (
        "**vgg** has the highest time; **csp** has the highest memory"
    )
    networks.loc[networks["network"] == "vgg", "peak_memory_bytes"] = 2**32
    assert highest_costs(networks, columns) == "**vgg** has the highest time and memory"


def test_interval_without_limits_and_above_one(make_networks):
    row = make_networks(vgg={"test_acc": 0.995}).iloc[1]
    assert interval(row, "test_acc") == "99.50 % (98.50 to 100.00)"
    assert interval(row, "validation_acc") == "99.00 %"


@pytest.mark.parametrize(
    ("low", "told"),
    [(0.0999, True), (0.1, True), (0.1001, False), (math.nan, False)],
)
def test_a_network_at_chance_level_is_not_called_best_without_saying_so(make_networks, low, told):
    networks = make_networks(vgg={"test_acc": 0.11})
    networks.loc[networks["best"], "test_acc_low"] = low
    text = conclusion(networks, EPOCHS, SIZES, 0.1)
    assert (
        "but **cannot be told from chance**: giving the commonest class for every" in text
    ) == told
    sentences = [sentence for sentence in odd(networks, chance=0.1) if "from chance" in sentence]
    assert [sentence.split("**")[1] for sentence in sentences] == ["vgg"] * told
    # Without an interval the accuracy itself is compared.
    networks["test_acc_low"], networks["test_acc"] = math.nan, 0.1
    assert "told from chance" in conclusion(networks, EPOCHS, SIZES, 0.1)


def test_one_seed_is_never_beyond_chance_and_several_seeds_are(make_networks):
    networks = make_networks(csp={"p_value": 0.001})
    assert "beyond" not in conclusion(networks, EPOCHS, SIZES, 0.1)
    several = conclusion(make_networks(3, csp={"p_value": 0.001}), EPOCHS, SIZES, 0.1)
    assert several.count("beyond the chance of the seeds") == 2
    assert "these images" not in several


def test_classes_no_better_than_a_guess_are_counted(make_networks):
    (low,) = odd(make_networks(vgg={"recall_3": 0.1, "recall_4": 0.11}))
    assert low.endswith("2 of 10 classes are below 90 %, 1 no better than an even guess.")
    (low,) = odd(make_networks(vgg={"recall_3": 0.11}))
    assert "guess" not in low


def test_of_many_rivals_some_are_named(make_networks):
    networks = make_networks()
    more = [networks.iloc[[2]].assign(network=f"n{number}") for number in range(30)]
    text = conclusion(pd.concat([networks, *more]), EPOCHS, SIZES, 0.1)
    assert "n6 (p = 0.200) and 23 more." in text and "n7 " not in text
