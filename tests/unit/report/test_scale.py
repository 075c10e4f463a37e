"""The page of two networks and of thirty, of 47 classes, and of many unknowns."""

import math
import re

import pandas as pd
from made_up_study import LAYERS, Made, made_confusion, section


def test_two_networks_are_no_ranking_of_one(make_study):
    study = make_study()
    two = Made(study.config, study.networks.iloc[:2])
    two.explanations = two.explanations.iloc[:2]
    text = two.render()
    assert "**vgg**, the one network beside the baseline" in text
    assert "1 networks" not in text and "Of 1 network" not in text
    assert "Of the 2 networks, the baseline included, **vgg** is lowest in" in text


def test_thirty_networks_and_47_classes(make_study):
    study = make_study()
    names = [f"net{number}" for number in range(28)]
    more = [study.networks.iloc[[2]].assign(network=name) for name in names]
    config = study.config
    config["networks"] |= dict.fromkeys(names, config["networks"]["csp"])
    networks = pd.concat([study.networks.iloc[:2], *more], ignore_index=True)
    networks = networks.assign(**{f"recall_{label}": 0.5 for label in range(47)})
    large = Made(config, networks)
    large.class_names = [f"class {label}" for label in range(47)]
    large.confusion = made_confusion(networks, 47)
    large.layers = dict.fromkeys(networks["network"], LAYERS["exp3"])
    text = large.render()
    assert "# Which" in text and "30 networks" in text.splitlines()[0]
    assert "47 of 47 classes are below 90 %" in text
    visible = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
    assert "net27" in section(visible, "Ranking")
    assert len(visible.split("\n## ")[0].split()) < 250  # the first screen stays one


def test_a_network_that_diverged_and_no_validation_are_worded_as_they_are(make_study):
    unknown = {"validation_acc": math.nan}
    lost = {"test_cross_entropy": math.nan, "loss": math.nan, "acc": 0.1, "test_acc": 0.1}
    study = make_study(exp3=unknown, vgg=unknown, csp=unknown | lost | {"p_value": 1e-6})
    study.networks.loc[2, "test_acc_low"] = 0.09
    study.sizes["validation"] = 0
    text = study.render(["sppf"])
    assert "**csp** cannot be told from chance with 10.00 %" in text
    assert "There is no validation split" in text
    assert "0 validation images" not in text.replace("4,000 training, 0 validation", "")
    assert "there are no results of sppf" in text


def test_of_very_many_networks_the_page_shows_the_best_and_folds_the_others(make_study):
    study = make_study()
    names = [f"net{number}" for number in range(98)]
    more = [
        study.networks.iloc[[2]].assign(network=name, validation_acc=0.5 + number / 1000)
        for number, name in enumerate(names)
    ]
    study.config["networks"] |= dict.fromkeys(names, study.config["networks"]["csp"])
    networks = pd.concat([study.networks.iloc[:2], *more], ignore_index=True)
    large = Made(study.config, networks)
    large.layers = dict.fromkeys(networks["network"], LAYERS["exp3"])
    text = large.render()
    assert "tables are of 13 networks: those most accurate on validation images, and exp3" in text
    visible = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
    ranking = section(visible, "Ranking")
    assert "exp3" in ranking and "**vgg**" in ranking and "net97" in ranking
    assert "net50" not in visible
    assert "| net50 " in section(text, "Ranking")  # folded
