"""The summary of small made-up studies, as a reader finds it."""

import math
import re
from itertools import pairwise

import pytest
from made_up_study import FIGURES, LAYERS, rows, section
from test_prose import Elements

from blocklab.report.page.prose import as_html


def test_the_conclusion_comes_first_and_every_figure_is_shown(make_study):
    text = make_study().render()
    title, _, conclusion, *_ = text.splitlines()
    assert title.startswith("# ")
    assert all(part in title for part in ("mnist", "3 networks", "10 epochs", "1 seed"))
    assert conclusion.startswith("Of 2 networks trained for 10 epochs on 4,000 images, **vgg** is ")
    links = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    shown = [name for name in FIGURES if name != "timeline"]  # which tells of the machine
    assert sorted(links) == sorted(f"figures/{name}.png" for name in shown)
    assert "{{" not in text and "{%" not in text
    assert not re.search(r"\b(nan|None|NaN)\b", text)
    assert "\n\n\n" not in text


def test_sections_are_in_the_order_of_the_question(make_study):
    titles = re.findall(r"^## (.+)$", make_study().render(), flags=re.MULTILINE)
    assert titles == [
        "Conclusions",
        "Ranking",
        "The homework's numbers and ours",
        "What was compared",
        "What is odd, and shows in the numbers",
        "Why they say what they say",
        "What it cost",
        "The blocks",
        "How to reproduce this",
    ]


def test_the_homeworks_numbers_stand_beside_ours_with_the_difference(make_study):
    ours = {"acc": 0.9935, "loss": 1.46873, "test_acc": 0.9892, "test_loss": 1.5}
    study = make_study(vgg=ours, exp3={"test_acc": 0.9999})
    table = rows(section(study.render(), "The homework's numbers and ours"))
    assert table["vgg"] == [
        "0.99297 / 0.99350 (+0.00053)",
        "1.46958 / 1.46873 (-0.00085)",
        "0.99120 / 0.98920 (-0.00200)",
        "1.47173 / 1.50000 (+0.02827)",
    ]
    assert "csp" in table
    assert "exp3" not in table  # the homework gave no numbers of its baseline
    text = study.render()
    assert "its best by test accuracy was vgg; ours is vgg." in text
    assert "here they are adam and 0.001." in text


@pytest.mark.parametrize(
    ("part", "key", "value", "told"),
    [
        ("training", "epochs", 12, "12 epochs (there 10)"),
        ("dataset", "input_size", 28, "images of 28 pixels (there 32)"),
        ("training", "loss", "cross_entropy", "the loss cross_entropy (there double_softmax"),
    ],
)
def test_what_the_study_did_differently_is_told(make_study, part, key, value, told):
    study = make_study(csp={"parameters": 43114})
    study.sizes |= {"training": 60000, "test": 10000}
    assert "differs from the homework" not in study.render()
    study.config[part][key] = value
    text = study.render()
    assert f"may for these reasons: {told}" in text
    # Losses are compared under the homework's loss alone.
    cells = rows(section(text, "The homework's numbers and ours"))["vgg"]
    assert [cells[1] == "1.46958 / –", cells[3] == "1.47173 / –"] == [key == "loss"] * 2


def test_other_images_batches_seeds_and_sizes_of_networks_are_told(make_study):
    study = make_study(seeds=3, csp={"parameters": 40000})
    study.config["networks"]["vgg"]["batch_size"] = 20
    told = study.render()
    for difference in (
        "4,000 training images (there 60,000)",
        "3 seeds (there one)",
        "vgg in batches of 20 (there 200)",
        "csp with 40,000 parameters (there 43,114)",
        "1,000 test images (there 10,000)",
    ):
        assert difference in told


def test_what_one_more_run_would_give_is_told_where_seeds_allow(make_study):
    title = "The homework's numbers and ours"
    assert "one more run" not in section(make_study().render(), title)
    # Seeds of 0.9749, 0.985 and 0.9950; t = 4.3027 and sd = 0.01 give 0.985 -+ 0.04968.
    text = section(make_study(3).render(), title)
    assert "one more run: accuracy, test images (95 %)" in text
    assert rows(text)["vgg"][4] == "0.93532 to 1.00000, holds 0.99120"
    low = make_study(3, vgg={"test_acc": 0.9})
    assert rows(section(low.render(), title))["vgg"][4] == (
        "0.85032 to 0.94968, does not hold 0.99120"
    )


def test_other_data_has_no_homework_to_compare_with(make_study):
    study = make_study()
    study.config["dataset"]["name"] = "fashion_mnist"
    text = study.render()
    assert "fashion_mnist" in text.splitlines()[0]
    assert "The homework's numbers and ours" not in text
    assert "docs/studies/repaired.md" not in text
    assert "0.99297" not in text


def test_the_ranking_is_by_validation_accuracy(make_study):
    text = section(make_study(vgg={"recall_4": 0.5}).render(), "Ranking")
    table = rows(text)
    assert list(table)[2:] == ["**vgg**", "csp", "exp3"]
    assert table["**vgg**"][:3] == ["99.00 %", "98.50 % (97.50 to 99.50)", "–"]
    assert table["**vgg**"][4:] == ["50.0 % (4)", "14,450", "3.00", "20,000", "0.50"]
    assert table["csp"][2] == "p = 0.200"
    assert table["exp3"][2] == "p < 0.001"
    assert "Sorted by accuracy on 1,000 validation images" in text


def test_without_validation_the_ranking_is_by_test_accuracy(make_study):
    missing = {"validation_acc": math.nan}
    study = make_study(exp3=missing, vgg=missing | {"test_acc": 0.9}, csp=missing)
    study.sizes["validation"] = 0
    text = study.render()
    table = rows(section(text, "Ranking"))
    assert list(table)[2:] == ["csp", "exp3", "**vgg**"]
    assert "validation acc" not in text
    assert table["csp"][0] == "97.50 % (96.50 to 98.50)"
    assert "the best network is chosen on the 1,000 test images that also report" in text
    assert "Sorted by accuracy" not in text


def test_one_seed_and_several_have_tests_of_their_own(make_study):
    one, several = make_study().render(), make_study(seeds=3).render()
    assert several.splitlines()[0].endswith("3 seeds")
    assert "Wilson" in one and "McNemar" in one and "t-test" not in one
    assert (
        "Means over 3 seeds with 95 % intervals: Student's" in several and "McNemar" not in several
    )
    assert "sd over seeds" in several and "sd over seeds" not in one
    assert rows(section(several, "Ranking"))["csp"][3:5] == ["0.50 %", "-1.00 (-2.00 to +0.10)"]
    assert rows(section(several, "Ranking"))["**vgg**"][4] == "–"
    assert rows(section(several, "Ranking"))["csp"][2] == "96.50 %"  # the worst seed
    assert "worst seed" not in one
    assert rows(section(one, "Ranking"))["csp"][0] == "98.00 %"
    assert rows(section(several, "Ranking"))["csp"][0] == "98.00 % (97.00 to 99.00)"


def test_costs_that_no_row_has_are_left_out_and_others_dashes(make_study):
    text = section(make_study(csp={"wall_seconds": 99.25}).render(), "What it cost")
    table = rows(text)
    assert table["csp"] == ["2.00", "50.0", "99.2", "28.0", "1024"]
    assert "GPU" not in text and "dash" not in text
    assert all(part in text for part in ("on A Processor,", "threads per job: 1,", "float32"))
    assert "memory-access" not in text and "seeds" not in text
    assert "trained up to 8 seeds" in section(make_study(3).render(), "What it cost")


def test_costs_of_a_gpu_are_shown(make_study):
    gpu = {
        "gpu_utilisation_percent": 41.6,
        "gpu_memory_access_percent": 7.2,
        "gpu_samples": 120,
        "gpu_allocated_bytes": 200 * 2**20,
        "gpu_reserved_bytes": 256 * 2**20,
    }
    study = make_study(exp3=gpu, vgg=gpu, csp=gpu | {"gpu_allocated_bytes": 2**30})
    study.provenance["device"] = ["A Processor", "A GPU"]
    text = section(study.render(), "What it cost")
    assert rows(text)["vgg"][5:] == ["42", "7", "200", "256", "120"]
    some = section(make_study(csp={"gpu_samples": 3}).render(), "What it cost")
    assert [rows(some)[name][5:] for name in ("vgg", "csp")] == [["–"], ["3"]]
    assert "A dash is what cannot be known" in some
    assert "**csp** has the highest allocated GPU memory" in text
    assert "A Processor and A GPU" in text


def test_explanations_are_printed_and_the_target_named(make_study):
    study = make_study()
    text = section(study.render(), "Why they say what they say")
    assert re.search(r"\| vgg +\| \+0\.30 \(\+0\.27 to \+0\.33\) +\| \+0\.20", text)
    assert "- A map that is the bare image agrees with **exp3** +0.48" in text
    assert "50 steps from a black image, of\nthe logit minus the mean logit of" in text
    study.config["explanation"]["target"] = "softmax"
    assert "of\nthe softmax probability of the\ntrue class" in study.render()


def test_attention_over_distinct_grey_values_is_told_where_it_is_used(make_study):
    study = make_study()
    assert "distinct grey values" not in section(study.render(), "What it cost")
    study.config["networks"]["csp"]["layers"] = [{"transformer_block": {"out": 8}}, "flatten"]
    text = section(study.render(), "What it cost")
    assert "Attention in csp is computed over the distinct grey values" in text
    for places in ({"patch": 2}, {"positions": "learned"}):
        study.config["networks"]["csp"]["layers"][0]["transformer_block"] = {"out": 8, **places}
        assert "distinct grey values" not in section(study.render(), "What it cost")
    study.config["networks"]["csp"]["layers"][0]["transformer_block"] = 8
    assert "distinct grey values" in section(study.render(), "What it cost")
    study.config["networks"]["csp"]["training"] = {"augmentation": {"shift": 2}}
    assert "distinct grey values" not in section(study.render(), "What it cost")
    del study.config["networks"]["csp"]["training"]
    study.config["networks"]["csp"]["layers"].insert(0, {"conv": 8})
    assert "distinct grey values" not in section(study.render(), "What it cost")


def test_what_is_ink_is_told_and_a_photograph_has_none_to_speak_of(make_study):
    study = make_study()
    text = section(study.render(), "Why they say what they say")
    assert "Red ink speaks for it, blue ink against it." in text
    assert "on ink, the pixels that are not black (19 % of all);" in text
    assert "channels" not in text
    study.explanations["ink"] = 0.98
    study.channels = 3
    study.config["networks"]["csp"]["layers"] = [{"transformer_block": {"out": 8}}, "flatten"]
    text = section(study.render(), "Why they say what they say")
    assert "Red pixels speak for it, blue pixels against it. A pixel's attribution is the" in text
    assert "on pixels that are not black (98 % of all);" in text
    assert "distinct grey values" not in study.render()  # colours are not levels


def test_every_networks_layers_are_shown_with_the_shape_after_each(make_study):
    text = section(make_study().render(), "What was compared")
    assert re.findall(r"^### (.+)$", text, flags=re.MULTILINE) == ["exp3", "vgg", "csp"]
    assert rows(text.split("###")[2]) == {
        "layer": ["shape after it", "parameters"],
        ":-------------------": [":-----------------", ":-------------"],
        "input": ["1 x 32 x 32", "–"],
        "conv 8, 2 times": ["8 x 32 x 32", "1,200"],
        "maxpool 2, 2 times": ["8 x 16 x 16", "–"],
        "flatten": ["2048", "–"],
        "linear 10": ["10", "20,490"],
    }


def test_the_summary_compares_networks_where_more_differs_than_blocks(make_study):
    study = make_study()
    for network in study.config["networks"].values():
        network["batch_size"] = 100
    same = study.render()
    assert same.startswith("# Which block? ")
    assert "networks have recipe, batch size, activation, pooling and head in common." in same
    study.config["networks"]["csp"]["batch_size"] = 50
    _, conv, pool, *head = LAYERS["exp3"]
    study.layers["csp"] = [conv | {"activations": ["silu"]}, pool | {"repeat": 1}, *head]
    text = study.render()
    assert text.startswith("# Which network? ")
    assert "differ in [batch size, activation and pooling](#what-was-compared) too" in text
    assert [
        line for line in section(text, "What was compared").splitlines() if line[:2] == "- "
    ] == [
        "- batch size: 100 (exp3 and vgg); 50 (csp)",
        "- activation: relu (exp3 and vgg); silu (csp)",
        "- pooling: maxpool 2 → maxpool 2 (exp3 and vgg); maxpool 2 (csp)",
    ]
    study.layers = {}  # no torch where the study is planned
    assert "differ in [batch size](#what-was-compared) too" in study.render()


def test_where_the_best_stands_in_what_it_costs(make_study):
    text = make_study(exp3={"parameters": 9}, csp={"flops": 1e9}).render()
    assert "**vgg** is lowest in FLOPs and memory traffic; 2nd lowest in parameters." in text


def test_any_class_name_and_list_survives_other_renderers_than_githubs(make_study):
    study = make_study(exp3={"never_predicted": "1"})
    study.class_names = ["a|b", "<b>*c*</b>", "_d_", *"3456789"]
    text = study.render()
    assert r"97.0 % (a\|b)" in text and r"never answers \<b\>\*c\*\</b\> on" in text
    lines = text.splitlines()
    for before, line in pairwise(lines):
        if line.startswith(("- ", "| ", "#")):
            assert not before or before[0] == line[0], line


def test_the_summary_is_whole_html_whatever_the_classes_are_called(make_study, tmp_path):
    study = make_study(exp3={"never_predicted": "1"})
    study.class_names = ["a|b", "<b>*c*</b>", "_d_", *"3456789"]
    text = Elements(as_html(study.render(), tmp_path, FIGURES).body).text
    assert "97.0 % (a|b)" in text and "never answers <b>*c*</b> on" in text
    assert not re.search(r"^(#+ |- |\|)|\*\*|!\[|\]\(", text, re.MULTILINE)


def test_oddities_come_from_the_table(make_study):
    study = make_study(csp={"residuals": 2}, exp3={"never_predicted": "5"})
    text = section(study.render(), "What is odd, and shows in the numbers")
    told = [line for line in text.splitlines() if line.startswith("- ")]
    assert [line.split("**")[1] for line in told[:2]] == ["exp3", "csp"]
    assert "cannot fall below 1.46115" in told[2]
    assert len(told) == 3
    assert "`docs/studies/repaired.md`" in text  # which says what they cost


def test_how_to_reproduce(make_study):
    text = section(make_study().render(), "How to reproduce this")
    assert "git checkout 0123456789ab   # what the networks were trained with\n" in text
    command = "snakemake --cores 4 --resources gpu=0 --configfile results/config.yaml\n"
    assert command in text  # a processor, as it was
    study = make_study()
    study.networks["device"] = "cuda"
    assert command.replace("gpu=0", "gpu=1") in section(study.render(), "How to reproduce this")
    assert f"SHA-256 `{'f' * 64}`" in text
    assert "raw files from npm, prepared at 32x32" in text
    assert "4,000 training, 1,000 validation, 1,000 test images" in text
    assert "batch 200 (exp3 and vgg); 100 (csp)" in text
    assert "python 3.11.7, torch 2.14.1" in text
    assert "A Processor, 2 cores, Linux-6.1" in text
    assert "not committed" not in text


def test_rows_that_were_not_made_by_the_same_are_told(make_study):
    study = make_study()
    assert "Not all rows" not in study.render()
    study.provenance |= {"commit": ["0123456789ab", "unknown"]}
    study.provenance |= {"differing_conditions": ["code", "data"]}
    text = section(study.render(), "How to reproduce this")
    assert "**Not all rows were made by the same code and the same data**" in text
    assert "blocks included: `0123456789abcdef`" in text
    assert "commit of the training runs: 0123456789ab, unknown" in text
    assert "git checkout" not in text
    study.provenance |= {"commit": ["0123456789ab"], "dirty": [False, True]}
    assert "trained with; its code had changes that were not committed" in study.render()
    study.provenance["commit"] = ["unknown"]
    assert "git checkout" not in study.render()


def test_networks_without_results_are_named(make_study):
    study = make_study()
    assert "Incomplete" not in study.render()
    assert "there are no results of sppf and transformer;" in study.render(["sppf", "transformer"])


def test_a_cost_that_is_not_whole_is_told(make_study):
    study = make_study()
    assert "was cut short" not in study.render()
    study.provenance["resumed"] = ["csp"]
    assert "Training of csp was cut short and went on" in study.render()
