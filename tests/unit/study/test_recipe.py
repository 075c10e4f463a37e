"""What a network's own way of training may say, and what comes of it."""

import copy
from pathlib import Path

import pytest
import yaml

from blocklab.errors import UserError
from blocklab.study.config import resolve_config
from blocklab.study.recipe import training_of

CONFIG = yaml.safe_load((Path(__file__).parents[3] / "config.yaml").read_text(encoding="utf-8"))


def config(training=None, **of_vgg):
    given = copy.deepcopy(CONFIG)
    given["training"] |= training or {}
    given["networks"]["vgg"]["training"] = of_vgg
    return given


def test_a_network_is_trained_as_all_but_for_what_it_says():
    resolved = resolve_config(
        config({"augmentation": {"shift": 1, "rotation": 5}}, epochs=3, augmentation={"shift": 2})
    )
    own, shared = (training_of(resolved, name) for name in ("vgg", "exp3"))
    assert own["epochs"] == 3 and shared["epochs"] == 10
    assert own["augmentation"] == shared["augmentation"] | {"shift": 2}
    assert own["augmentation"]["rotation"] == 5
    assert own["schedule"] == "constant"


@pytest.mark.parametrize(
    "training, of_vgg, line",
    [
        ({}, {"device": "cpu"}, "networks.vgg.training.device: unknown key"),
        ({}, {"epochs": 0}, "networks.vgg.training.epochs: 0 is too small; it must be at least 1"),
        ({}, {"schedule": "cosin"}, "did you mean 'cosine'?"),
        ({"warm_up": 2}, {}, "training.warm_up: 2 is too large; it must be at most 0.9"),
        ({"learning_rate": float("inf")}, {}, "training.learning_rate: must be a finite number"),
        ({"learning_rate": 10**400}, {}, "training.learning_rate: must be a finite number"),
        (
            {},
            {"augmentation": {"shift": float("nan")}},
            "networks.vgg.training.augmentation.shift: must be a finite number",
        ),
        ({"momentum": 0.9}, {}, "training.momentum: adam has none to set; use 0, or sgd"),
        (
            {"optimizer": "sgd"},
            {"nesterov": True},
            "networks.vgg.training.nesterov: needs a momentum; set training.momentum",
        ),
        (
            {"average": "last_epochs", "average_epochs": 4},
            {"epochs": 3},
            "training.average_epochs: 4 is more than the 3 epochs of vgg; use at most that many",
        ),
        (
            {},
            {"average_decay": 0.9},
            "networks.vgg.training.average_decay: does nothing without average: ema",
        ),
        (
            {"augmentation": {"erasing": 32}},
            {},
            "training.augmentation.erasing: 32 pixels are all of images 32 pixels wide; use less",
        ),
        (
            {},
            {"augmentation": {"shift": 40}},
            "networks.vgg.training.augmentation.shift: 40 pixels are all of images 32 pixels wide",
        ),
        ({"augmentation": {"flip": 1}}, {}, "training.augmentation.flip: unknown key"),
        ({"scheduler": "cosine"}, {}, "did you mean 'schedule'?"),
        ({"ema": True}, {}, "did you mean 'average'?"),
        ({}, {"lr": 0.1}, "networks.vgg.training.lr: unknown key; did you mean 'learning_rate'?"),
        ({}, {"average": "swa"}, "'swa' is not known; did you mean 'last_epochs'?"),
        ({}, {"threads": 2}, "unknown key; training.threads is the same for all networks"),
    ],
)  # fmt: skip
def test_one_line_says_what_cannot_be(training, of_vgg, line):
    with pytest.raises(UserError) as error:
        resolve_config(config(training, **of_vgg))
    assert line in str(error.value)


def test_a_recipes_key_that_a_network_has_at_the_wrong_place_is_told_its_place():
    given = config()
    given["networks"]["vgg"]["lr"] = 0.1
    with pytest.raises(UserError, match=r"vgg\.lr: .* 'training.learning_rate'\?"):
        resolve_config(given)


def test_a_vote_of_networks_that_are_left_out_is_left_out():
    votes = {"both": ["vgg", "csp"], "one": ["vgg"]}
    assert resolve_config(CONFIG | {"votes": votes})["votes"] == votes
    assert resolve_config(CONFIG | {"votes": votes, "only": ["vgg"]})["votes"] == {"one": ["vgg"]}


def test_a_network_votes_once():
    with pytest.raises(UserError, match=r"votes.both: \['vgg', 'vgg'\] names one twice"):
        resolve_config(CONFIG | {"votes": {"both": ["vgg", "vgg"]}})
