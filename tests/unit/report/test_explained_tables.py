"""The tables of explanations as a page prints them."""

import math

import pandas as pd
from made_up_explanations import made_agreement, made_baselines, made_explanations

from blocklab.report.explanations.tables import explanation_tables

NETWORKS = pd.DataFrame({"network": ["exp3", "vgg", "csp"], "baseline": [True, False, False]})
NETWORKS["best"] = NETWORKS["network"] == "vgg"


def tables(seeds: int = 1, **given) -> dict[str, pd.DataFrame]:
    made = {
        "explanations": made_explanations(seeds=seeds),
        "agreement": made_agreement(seeds=seeds),
    }
    names = {"class_names": list("0123456789")}
    return explanation_tables(
        **made | {"baselines": made_baselines(), "networks": NETWORKS} | names | given
    )


def cells(table: pd.DataFrame, name: str) -> list[str]:
    (row,) = table[table.iloc[:, 0] == name].to_numpy().tolist()
    return row[1:]


def test_every_network_is_compared_with_the_baseline_and_so_is_the_bare_image():
    table = tables(seeds=3)["with_baseline"]
    assert table["network"].tolist() == ["vgg", "csp", "the bare image"]
    # 0.3 / sqrt(0.36 * 0.76)
    expected = ["+0.30 (+0.27 to +0.33)", "+0.20 (+0.17 to +0.23)", "+0.52", "57 %", "0.30", "0.20"]
    assert cells(table, "vgg") == expected
    assert cells(table, "the bare image")[:4] == ["+0.48 (+0.45 to +0.51)", "–", "–", "–"]
    assert cells(tables()["with_baseline"], "vgg")[2:4] == ["–", "–"]


def test_all_pairs_have_their_ceilings_on_the_diagonal():
    table = tables(seeds=3)["pairs"]
    assert cells(table, "exp3") == ["+0.76", "+0.30", "+0.30"]
    assert cells(table, "csp") == ["+0.30", "+0.30", "+0.30"]
    assert cells(table, "the bare image") == ["+0.48", "+0.40", "+0.20"]
    assert cells(tables()["pairs"], "exp3")[0] == "unknown"


def test_measures_are_means_over_seeds_and_unknown_ones_dashes():
    found = tables(seeds=3)
    assert cells(found["look"], "exp3") == ["17.0 %", "0.76", "+0.02", "+0.40"]
    assert cells(found["completeness"], "csp") == [
        "50",
        "100",
        "0.05 %",
        "20.0 %",
        "2.0 %",
        "24.0 %",
    ]
    assert cells(found["completeness"], "vgg")[-1] == "–"
    assert cells(found["gain"], "vgg") == ["+0.30", "+0.25", "+0.20", "+0.15"]
    assert cells(found["baseline_images"], "csp")[-2:] == ["“1”, 99.4 %", "“8”, 30.0 %"]
    assert cells(found["order"], "mean image") == ["+0.33", "35.0 %"]


def test_answers_to_a_baseline_image_that_differ_or_are_unknown():
    explanations = made_explanations(seeds=2)
    explanations.loc[explanations["seed"] == 1, "black_class"] = 3
    explanations["mean_class"] = math.nan
    table = tables(explanations=explanations)["baseline_images"]
    assert cells(table, "csp")[-2:] == ["differs by seed, 99.4 %", "–"]


def test_heads_say_on_which_images_by_one_word_each():
    for name, table in tables(seeds=2).items():
        for head in table.columns[1:]:
            said = [word for word in ("(explained)", "(checked)", "(gallery)") if word in head]
            assert (
                len(said) == 1
                or name == "pairs"
                or head == "share of the ceiling"
                or "says" in head
            )


def test_hostile_names_stay_text():
    explanations = made_explanations(["exp3", "a|b"])
    agreement = made_agreement(["exp3", "a|b"])
    hostile = pd.DataFrame({"network": ["exp3", "a|b"], "baseline": [True, False]})
    hostile["best"] = ~hostile["baseline"]
    found = tables(explanations=explanations, agreement=agreement, networks=hostile)
    for table in found.values():
        text = table.to_markdown(index=False, disable_numparse=True)
        assert "a|b" not in text


def test_of_steps_and_of_errors_the_worst_seed_is_told_and_not_the_mean():
    explanations = made_explanations(seeds=2)
    first = (explanations["network"] == "vgg") & (explanations["seed"] == 0)
    explanations.loc[first, ["steps_most", "completeness_p95"]] = 400, 0.0123
    found = cells(tables(seeds=2, explanations=explanations)["completeness"], "vgg")
    assert found[1] == "400"
    assert found[3] == "1.2 %"
