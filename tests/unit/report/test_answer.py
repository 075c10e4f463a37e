"""The last lines of a run."""

from blocklab.report.sentences.answer import answer


def test_the_answer_is_the_best_network_the_baseline_and_the_page(make_networks):
    assert answer(make_networks(), "results/report.html") == [
        "Best of 2 networks: vgg, 98.50 % (95 % interval 97.50 to 99.50) of 1,000 test images "
        "right",
        "Baseline: exp3, 95.00 % (95 % interval 94.00 to 96.00): 3.50 points fewer, a difference "
        "of these trained networks, on these images (p < 0.001)",
        "Read on: results/report.html",
    ]


def test_a_better_baseline_a_draw_and_one_candidate_are_worded_as_they_are(make_networks):
    better = answer(make_networks(exp3={"test_acc": 0.995}), "page")[1]
    assert "1.00 points more, a difference of these trained networks, on" in better
    draw = answer(make_networks(exp3={"test_acc": 0.985, "p_value": 1.0}), "page")[1]
    assert "just as many, which may be chance (p = 1.000)" in draw
    assert answer(make_networks().iloc[:2], "page")[0].startswith("Beside the baseline: vgg, ")
