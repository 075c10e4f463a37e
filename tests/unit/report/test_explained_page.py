"""What explanations show stands on the first screen and in their own section."""

import pytest
from made_up_explanations import made_agreement, made_baselines, made_explanations
from made_up_study import rows, section

WHY = "Why they say what they say"


@pytest.fixture
def explained(make_study):
    """Return a function: seeds -> a Made study with tables of explanations."""

    def make(seeds: int):
        study = make_study(seeds)
        study.explanations = made_explanations(seeds=seeds)
        study.agreement = made_agreement(seeds=seeds)
        study.baselines = made_baselines()
        return study

    return make


def test_what_the_baseline_sees_is_on_the_first_screen(explained):
    first, *_ = explained(1).render().split("\n## ")
    assert "**exp3** marks strokes and **vgg** marks spots" in first


@pytest.mark.parametrize(("seeds", "unknown"), [(1, True), (3, False)])
def test_a_ceiling_is_told_or_said_to_be_unknown(explained, seeds, unknown):
    text = section(explained(seeds).render(), WHY)
    assert ("ceiling is what other seeds of the same networks reach, unknown with one" in text) == (
        unknown
    )
    # In the sentence, above the tables and in that of all pairs.
    assert text.count("`studies/explain.yaml` runs several") == (3 if unknown else 0)
    assert ("| ceiling (explained) " in text) != unknown


@pytest.mark.parametrize(
    ("seeds", "scope"),
    [(1, "Of these trained networks, on these images:"), (3, "Over 3 seeds of each network:")],
)
def test_what_all_sentences_are_about_is_told_once(explained, seeds, scope):
    assert section(explained(seeds).render(), WHY).count(scope) == 1


def test_every_table_is_there_and_the_long_ones_are_folded(explained):
    text = section(explained(3).render(), WHY)
    shown, *folded = text.split("<details>")
    assert rows(shown)["the bare image"][0] == "+0.48 (+0.45 to +0.51)"
    assert "neighbours correlate (explained)" in shown
    assert len(folded) == 6  # five tables, and the sheets of maps
    assert "Explained images are 110 test images" in shown
    assert "checked images are the first 20." in shown


def test_classes_of_any_name_stay_text(explained):
    study = explained(1)
    study.class_names = ["a|b", "<b>*c*</b>", *"23456789"]
    text = section(study.render(), WHY)
    assert r"\<b\>\*c\*\</b\>" in text and "<b>" not in text
