"""How networks were trained, as the summary tells it."""

import pytest


@pytest.fixture
def study(make_study):
    made = make_study(csp={"parameters": 43114})
    made.sizes |= {"training": 60000, "test": 10000}
    return made


def line(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(start))


def test_the_homeworks_recipe_is_told_in_a_few_words(study):
    told = line(study.render(), "- training:")
    assert told.startswith(
        "- training: adam, learning rate 0.001, double_softmax_cross_entropy, 10 epochs; batch "
    )


def test_what_all_share_beyond_it_is_told_and_differs_from_the_homework(study):
    study.config["training"] |= {"schedule": "one_cycle", "label_smoothing": 0.05}
    study.config["training"]["augmentation"]["shift"] = 2
    text = study.render()
    words = "schedule one_cycle, label smoothing 0.05"
    assert f"double_softmax_cross_entropy, 10 epochs, {words}, shift 2; batch" in line(
        text, "- training:"
    )
    assert (
        "for these reasons: schedule one_cycle, label smoothing 0.05 and shift 2 (there not "
        "mentioned)."
    ) in text
    assert "- label smoothing:" not in text  # the networks do not differ in it


def test_a_recipe_is_told_in_one_order_whatever_that_of_its_keys(study):
    study.config["training"] |= {"average": "ema", "weight_decay": 0.1}
    told = line(study.render(), "- training:")
    study.config["training"] = dict(sorted(study.config["training"].items()))
    assert line(study.render(), "- training:") == told
    assert ", 10 epochs, weight decay 0.1, average ema; batch" in told


def test_a_network_of_its_own_is_told_wherever_it_matters(study):
    study.config["networks"]["vgg"]["training"] = {
        "epochs": 20, "loss": "cross_entropy", "augmentation": {"rotation": 9},
    }  # fmt: skip
    text = study.render()
    assert text.splitlines()[0].endswith("10 to 20 epochs, 1 seed")
    assert "trained for 10 to 20 epochs on" in text
    assert line(text, "- epochs:") == "- epochs: 10 (exp3 and csp); 20 (vgg)"
    assert line(text, "- loss:").endswith("cross_entropy (vgg)")
    assert line(text, "- rotation:") == "- rotation: 0 (exp3 and csp); 9 (vgg)"
    told = line(text, "- training:")
    assert "10 epochs (exp3 and csp); adam, learning rate 0.001, cross_entropy, 20 epochs, " in told
    assert "for these reasons: 20 epochs (vgg) (there 10), " in text
    assert "the loss cross_entropy (vgg)" in text
    assert "rotation 9 (vgg) (there not mentioned)" in text
    table = [line(text, f"| {name} ") for name in ("vgg", "csp")]
    assert "1.46958 / –" in table[0] and "1.47022 / –" not in table[1]
    # Only of those that apply softmax twice.
    assert "softmax is applied twice" in text
    study.config["training"]["loss"] = "cross_entropy"
    assert "softmax is applied twice" not in study.render()


def test_votes_and_shifts_are_told_below_the_ranking(study):
    assert "Soft votes" not in study.render() and "asked about" not in study.render()
    study.config["evaluation"]["shifts"] = 1
    row = ["all", "vgg csp", 6, 57564, 0.991, 0.9921, 0.99, 0.9938, 0.0312]
    study.votes.loc[0] = row
    text = study.render()
    assert "Every image was asked about 9 times, shifted by up to 1 pixel each way" in text
    assert "for these reasons: every image asked about 9 times, shifted (there once)." in text
    assert [cell.strip() for cell in line(text, "| all ").split("|")[2:-1]] == [
        "vgg and csp", "6", "57,564", "99.10 %", "99.21 % (99.00 to 99.38)", "0.0312",
    ]  # fmt: skip
