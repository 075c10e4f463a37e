"""Every sentence on explanations: said where the numbers support it, and not where they do not."""

import math

import pandas as pd
import pytest
from made_up_explanations import made_agreement, made_baselines, made_explanations

from blocklab.report.explanations.sentences import explanation_findings, what_baseline_sees


class Tables:
    """Tables of a made-up study, to change before sentences are made of them."""

    def __init__(self, seeds: int = 1) -> None:
        self.explanations = made_explanations(seeds=seeds)
        self.agreement = made_agreement(seeds=seeds)
        self.baselines = made_baselines()
        self.networks = pd.DataFrame(
            {"network": ["exp3", "vgg", "csp"], "best": [False, True, False], "seeds": seeds}
        )
        self.networks["baseline"] = self.networks["network"] == "exp3"

    def measure(self, network: str, **values: float) -> "Tables":
        for name, value in values.items():
            self.explanations.loc[self.explanations["network"] == network, name] = value
        return self

    def pair(self, a: str, b: str, **values: float) -> "Tables":
        rows = (self.agreement["network_a"] == a) & (self.agreement["network_b"] == b)
        assert rows.sum() == 1
        for name, value in values.items():
            self.agreement.loc[rows, name] = value
            if name in ("agreement", "partial"):
                for limit, width in (("low", -0.03), ("high", 0.03)):
                    self.agreement.loc[rows, f"{name}_{limit}"] = value + width
        return self

    def findings(self, class_names=tuple("0123456789")) -> str:
        tables = self.explanations, self.agreement, self.baselines, self.networks
        return "\n".join(explanation_findings(*tables, class_names))

    def sight(self) -> str:
        return what_baseline_sees(self.explanations, self.agreement, self.networks)


def test_agreement_has_its_ceiling_or_says_that_it_is_unknown():
    known = Tables(seeds=3).findings()
    # 0.3 / sqrt(0.36 * 0.76)
    assert "**vgg** and **exp3** agree +0.30 (95 % interval +0.27 to +0.33) on 110 images" in known
    assert "57 % of what seeds of the same networks reach (+0.52)." in known
    unknown = Tables(seeds=1).findings()
    assert "ceiling unknown: one seed; `studies/explain.yaml` runs several." in unknown
    assert "% of what seeds" not in unknown
    neither = Tables(seeds=3).pair("exp3", "vgg", of_ceiling=math.nan).findings()
    assert "ceiling unknown: seeds of one of the two do not agree with each other." in neither
    nothing = Tables().pair("exp3", "vgg", agreement=math.nan).findings()
    assert "The attributions of **vgg** and **exp3** cannot be compared on any image." in nothing


def test_the_bare_image_is_compared_where_intervals_are_apart():
    said = "A map that is the bare image agrees with **exp3** +0.48"
    both = Tables().pair("exp3", "csp", agreement=0.6)
    assert f"{said} (95 % interval +0.45 to +0.51), more than **vgg** (+0.30) and less than " in (
        both.findings()
    )
    assert "less than **csp** (+0.60)." in both.findings()
    alike = Tables().pair("exp3", "vgg", agreement=0.46).pair("exp3", "csp", agreement=0.5)
    assert said not in alike.findings()


def test_what_is_left_without_brightness():
    assert "taken out, **vgg** and **exp3** agree +0.20 (95 %" in Tables().findings()
    nothing = Tables().pair("exp3", "vgg", partial=0.02).findings()
    assert "no agreement of **vgg** and **exp3** is left that differs from 0: +0.02" in nothing
    assert "taken out" not in Tables().pair("exp3", "vgg", partial=math.nan).findings()


def test_whose_seeds_agree_is_told_where_it_differs():
    several = Tables(seeds=3).findings()
    assert "Seeds of **exp3** agree with each other +0.76, those of **csp** +0.30" in several
    assert "The two trained seeds of **exp3**" in Tables(seeds=2).findings()
    assert "agree with each other" not in Tables(seeds=1).findings()
    alike = Tables(seeds=3)
    for name in ("exp3", "vgg", "csp"):
        alike.pair(name, name, agreement=0.4)
    assert "agree with each other" not in alike.findings()


@pytest.mark.parametrize(
    ("seeds", "scope"),
    [(1, "In these trained networks, on these images"), (3, "Over 3 seeds of each network")],
)
def test_signs_and_smoothness_are_told_where_they_differ(seeds, scope):
    tables = Tables(seeds)
    look = "**exp3** marks strokes and **vgg** marks spots (neighbouring ink pixels correlate "
    signs = "of the attribution of **exp3** speaks against the true class and "
    assert look in tables.findings() and f"{scope}, {look}" in tables.sight()
    assert scope not in tables.findings()  # which the page says once, before all of them
    assert f"% {signs}" in tables.findings() and signs in tables.sight()
    for measure in ("share_against", "smoothness"):
        tables.explanations[[measure, f"{measure}_low", f"{measure}_high"]] = 0.4, 0.35, 0.45
    for text in (tables.findings(), tables.sight()):
        assert "marks" not in text and "speaks against the true class and" not in text
    assert tables.sight().startswith(f"{scope}, the heatmaps of **exp3** and **vgg** cannot be")


def test_numbers_of_signs_and_smoothness():
    text = Tables().findings()
    assert "16 % of the attribution of **exp3** speaks against the true class and 30 % of" in text
    assert "correlate 0.75 and 0.37)" in text
    smooth = Tables().measure("vgg", smoothness=0.6, smoothness_low=0.55, smoothness_high=0.65)
    assert "the maps of **exp3** are smoother than those of **vgg**" in smooth.findings()
    assert "marks spots" not in smooth.findings()
    unknown = Tables().measure("vgg", smoothness_low=math.nan, smoothness_high=math.nan)
    assert "marks spots" not in unknown.findings()


def test_what_the_baseline_sees_ends_in_the_agreement():
    assert (
        Tables(3)
        .sight()
        .endswith("; the two agree +0.30, 57 % of what seeds of the same networks reach (+0.52).")
    )
    assert "ceiling unknown: one seed" in Tables(1).sight()
    assert "agree" not in Tables().pair("exp3", "vgg", agreement=math.nan).sight()


def test_a_confident_answer_to_a_black_image_is_told():
    said = "not neutral to every network: **csp** says "
    assert f"{said}“1” of it at 99.4 %." in Tables().findings()
    names = ["zero", "*one*|<b>", *"23456789"]
    assert rf"{said}“\*one\*\|\<b\>” of it at 99.4 %." in Tables().findings(names)
    several = Tables(seeds=2)
    assert f"{said}“1” of it at least 99.4 %." in several.findings()
    several.explanations.loc[several.explanations["seed"] == 1, "black_class"] = 7
    assert f"{said}another class from seed to seed" in several.findings()
    for probability in (0.5, math.nan):
        assert "neutral" not in Tables().measure("csp", black_probability=probability).findings()


def test_the_order_under_other_baseline_images():
    subject = "The order of the networks by agreement with **exp3** is"
    assert (
        f"{subject} another one when attributions start from the mean image (Kendall's tau 0.33)"
        in (Tables().findings())
    )
    same = Tables()
    same.baselines["order_correlation"] = 1.0
    assert (
        f"{subject} the same when attributions start from a blurred image, the mean image and "
        "training images."
    ) in same.findings()
    unknown = Tables()
    unknown.baselines["order_correlation"] = math.nan
    assert subject not in unknown.findings()


def test_ties_are_told_where_they_matter():
    assert "but moves the maps of **csp** by 24 % in the median." in Tables().findings()
    assert "tie in a max-pool" not in Tables().measure("csp", tie_effect=0.01).findings()


def test_attributions_that_do_not_add_up_are_told():
    text = Tables().findings()
    assert "With up to 100 steps the error is larger in **csp** (20.0 %)." in text
    assert "add up" not in Tables().measure("csp", complete=True).findings()
    broken = Tables().measure("csp", completeness_p95=math.nan)
    assert "**csp** (unknown)" in broken.findings()


def test_relevance_gain_is_told_where_both_fills_say_the_same():
    caution = "The measure favours smooth maps"
    text = Tables(seeds=2).findings()
    assert "The attributions of **exp3**, **vgg** and **csp** find the pixels that" in text
    assert caution in text
    assert caution not in Tables().findings()  # one seed has no interval
    mixed = Tables(seeds=2).measure("exp3", gain_road=0.1).measure("vgg", gain_road=0.1)
    mixed.measure("csp", gain_road=0.1)
    assert caution not in mixed.findings()
    worse = Tables(seeds=2).measure("vgg", gain_road=0.1, gain_black=0.1)
    assert "the attributions of **vgg** find the pixels that the network relies on worse" in (
        worse.findings()
    )
    spread = Tables(seeds=2)
    first = spread.explanations["seed"] == 0
    spread.explanations["gain_black"] = first.map(
        {True: 0.2, False: 0.4}
    )  # 0.05 below and 0.15 above
    assert caution not in spread.findings()


def test_maps_that_do_not_depend_on_the_weights_are_told():
    text = Tables().findings()
    assert "depend on its weights: with all of them drawn anew, they correlate +0.02" in text
    detector = Tables().measure("vgg", randomised_signed=0.8).findings()
    assert "the maps of **vgg** (+0.80) stay much as they were" in detector
    assert "depend on its weights" not in detector
    between = Tables().measure("vgg", randomised_signed=0.3).findings()
    assert "drawn anew" not in between
    unknown = Tables()
    unknown.explanations[["randomised_signed", "randomised_absolute"]] = math.nan
    assert "drawn anew" not in unknown.findings()


def test_one_network_beside_the_baseline_and_nothing_known():
    tables = Tables()
    tables.explanations = tables.explanations[tables.explanations["network"] != "csp"].copy()
    kept = ~(tables.agreement[["network_a", "network_b"]] == "csp").any(axis=1)
    tables.agreement = tables.agreement[kept].copy()
    assert "**csp**" not in tables.findings()
    tables.agreement[tables.agreement.columns[5:]] = math.nan
    numbers = tables.explanations.columns.difference(["network", "seed", "complete", "steps_most"])
    tables.explanations[numbers] = math.nan
    tables.explanations["complete"] = True
    assert tables.findings().splitlines()[0].endswith("cannot be compared on any image.")
