"""The table of cards, and what is folded below it."""

import re

from made_up_study import rows, section


def test_a_card_is_shown_once_with_all_its_networks_and_the_homeworks_x(make_study):
    study = make_study()
    study.config["networks"]["vgg"]["card"] = "bottleneck_csp"
    study.config["networks"]["exp3"]["card"] = None
    text = section(study.render(), "The blocks")
    titles = re.findall(r"^<summary>(.+)</summary>$", text, flags=re.MULTILINE)
    assert [title.partition(" — ")[2] for title in titles] == ["vgg, csp", ""]
    assert titles[1] == "Integrated Gradients"
    assert "As weaknesses: nothing (“x”)." in text
    assert "[arXiv 1911.11929](https://arxiv.org/abs/1911.11929)" in text


def test_the_table_of_cards_is_short_and_derived(make_study):
    study = make_study(csp={"residuals": 2, "active_residuals": 1}, exp3={"largest_kernel": 0})
    table = rows(section(study.render(), "The blocks").split("<details>")[0])
    assert len(table) == 2 + 3  # the head, its rule, and a card for each network
    (csp,) = (cells for title, cells in table.items() if "csp" in cells)
    assert csp[1].startswith("[Wang et al. 20")
    assert csp[4] == "14,450 parameters, widest convolution 3x3, 1 of 2 shortcuts in use"
    assert csp[5] == "97.50 % (2nd of 3)"
    (exp3,) = (cells for title, cells in table.items() if "exp3" in cells)
    assert exp3[4:] == ["14,450 parameters", "95.00 % (3rd of 3)"]


def test_what_the_homework_noted_stays_with_its_data(make_study):
    study = make_study()
    assert "The homework noted" in study.render()
    study.config["dataset"]["name"] = "fashion_mnist"
    assert "The homework noted" not in study.render()


def test_a_card_of_hostile_text_breaks_neither_table_nor_fold(make_study):
    study = make_study()
    study.cards["vgg"] = study.cards["vgg"] | {"title": "a|b </details>\n<b>"}
    text = section(study.render(), "The blocks")
    assert re.search(r"^\| a\\\|b", text, flags=re.MULTILINE)
    assert "<summary>a|b &lt;/details&gt; &lt;b&gt; — vgg</summary>" in text


def test_every_fold_is_closed_and_has_empty_lines_inside(make_study):
    text = make_study().render()
    # How the ranking is made, layers, cards, tables of explanations, sheets of maps, digests.
    folds = 1 + 3 + 4 + 5 + 1 + 1
    assert text.count("<details>") == text.count("</details>") == folds
    assert text.count("</summary>\n\n") == text.count("\n\n</details>\n") == folds
