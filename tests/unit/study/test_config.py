"""The config: its defaults, the order of its seeds, and one line for every kind of mistake."""

import copy
import math
from pathlib import Path

import pytest

from blocklab.errors import UserError
from blocklab.study.config import resolve_config

ROOT = Path(__file__).parents[3]

MISSING = object()
MISTAKES = [
    # An unknown key.
    ("trainin", {}, "trainin: unknown key; did you mean 'training'?"),
    ("epochs", 3, "epochs: unknown key; did you mean 'training.epochs'?"),
    ("mode", "online", "mode: unknown key; did you mean 'tracking.mode'?"),
    ("zzz", 3, "zzz: unknown key; it may be outdir, partial, dataset, seeds, training, baseline, "
     "only, evaluation, votes, explanation, tracking, networks"),
    ("seeds.cuont", 3, "seeds.cuont: unknown key; did you mean 'count'?"),
    ("networks.vgg.batchsize", 3, "networks.vgg.batchsize: unknown key; did you mean "
     "'batch_size'?"),
    # What other tools call it.
    ("gpu", True, "gpu: unknown key; did you mean 'training.device'?"),
    ("training.gpu", True, "training.gpu: unknown key; did you mean 'device'?"),
    ("training.lr", 0.1, "training.lr: unknown key; did you mean 'learning_rate'?"),
    ("lr", 0.1, "lr: unknown key; did you mean 'training.learning_rate'?"),
    ("networks.vgg.lr", 0.1, "networks.vgg.lr: unknown key; did you mean "
     "'training.learning_rate'?"),
    ("networks.vgg.threads", 2, "networks.vgg.threads: unknown key; training.threads is the same "
     "for all networks"),
    ("training.Epochs", 3, "training.Epochs: unknown key; did you mean 'epochs'?"),
    ("dataset.epochs", 3, "dataset.epochs: unknown key; did you mean 'training.epochs'?"),
    ("training.batch_size", 3, "training.batch_size: unknown key; it belongs to a network: "
     "networks.NAME.batch_size"),
    ("batch", 3, "batch: unknown key; it belongs to a network: networks.NAME.batch_size"),
    ("networks.vgg.bs", 3, "networks.vgg.bs: unknown key; did you mean 'batch_size'?"),
    ("training.augment", True, "training.augment: unknown key; did you mean 'augmentation'?"),
    ("votes.all", ["vgg", "cps"], "votes.all[1]: there is no network 'cps'; did you mean 'csp'?"),
    ("votes.All", ["vgg"], "votes: 'All' is no vote's name; use small letters, digits and "
     "underscores, a letter first"),
    ("training.mixup", True, "training.mixup: unknown key; there is no key for policies of "
     "augmentation: training.augmentation has what leaves a digit that digit"),
    ("explanation.baseline", "mean", "explanation.baseline: unknown key; there is no key for the "
     "image that explanations start from: it is black; a blurred image, the mean image and "
     "training images are compared with it"),
    ("explanation.most_steps", 20, "explanation.most_steps: 20 is less than explanation.steps; "
     "use at least 50"),
    ("training.device", "gpu", "training.device: 'gpu' is not known; did you mean 'cuda'?"),
    ("training.optimizer", "AdamW", "training.optimizer: 'AdamW' is not known; did you mean "
     "'adamw'?"),
    ("training.precision", "bf16", "training.precision: 'bf16' is not known; did you mean "
     "'bfloat16'?"),
    ("tracking.mode", False, "tracking.mode: false is not known; did you mean 'disabled'?"),
    # A missing key.
    ("baseline", MISSING, "baseline: missing; the network that the best one is compared with; "
     "never a candidate itself"),
    ("networks.vgg.batch_size", MISSING, "networks.vgg.batch_size: missing; training images "
     "per step"),
    # A wrong type.
    ("training.epochs", "ten", "training.epochs: 'ten' is text; it must be a whole number"),
    ("training.epochs", 1.5, "training.epochs: 1.5 is a number; it must be a whole number"),
    ("training.epochs", 10.0, "training.epochs: 10.0 is a number; it must be a whole number"),
    ("training.epochs", True, "training.epochs: true is a yes/no value; it must be a whole "
     "number"),
    ("training.epochs", None, "training.epochs: has no value; it must be a whole number (passes "
     "over the training images)"),
    ("training.learning_rate", "1e-3", "training.learning_rate: '1e-3' is text; it must be a "
     "number; write 0.001"),
    ("training.learning_rate", "1e99999", "training.learning_rate: '1e99999' is text; it must be a "
     "number"),
    ("training.compile", 1, "training.compile: 1 is a number; it must be true or false"),
    ("training", [], "training: [] is a list; it must be a mapping of keys"),
    ("training", None, "training: has no value; it must be a mapping of keys (the same for "
     "every network but for what `networks.NAME.training` says)"),
    ("dataset.directory", 3, "dataset.directory: 3 is a number; it must be text or null"),
    ("networks", [], "networks: [] is a list; it must be a mapping of keys"),
    ("networks.vgg", 3, "networks.vgg: 3 is a number; it must be a mapping of keys or null"),
    ("networks.vgg.batch_size", 200.0, "networks.vgg.batch_size: 200.0 is a number; it must "
     "be a whole number"),
    ("networks.vgg.layers", [3], "networks.vgg.layers[0]: 3 is a number; it must be text or a "
     "mapping of keys"),
    ("outdir", {"a": "long " * 20}, "outdir: {'a': 'long long long long long long ... is a "
     "mapping of keys; it must be text"),
    ("baseline", None, "baseline: has no value; it must be text (the network that the best "
     "one is compared with; never a candidate itself)"),
    ("only", "vgg", "only: 'vgg' is text; it must be a list or null; write [vgg]"),
    # Too small or too large.
    ("training.epochs", 0, "training.epochs: 0 is too small; it must be at least 1"),
    ("training.learning_rate", 0, "training.learning_rate: 0 is too small; it must be more "
     "than 0"),
    ("training.learning_rate", -0.1, "training.learning_rate: -0.1 is too small; it must be "
     "more than 0"),
    ("training.learning_rate", math.nan, "training.learning_rate: must be a finite number"),
    ("training.learning_rate", math.inf, "training.learning_rate: must be a finite number"),
    ("seeds.count", -2, "seeds.count: -2 is too small; it must be at least 1"),
    ("dataset.input_size", 1000, "dataset.input_size: 1000 is too large; it must be at most "
     "512"),
    ("dataset.validation_size", -1, "dataset.validation_size: -1 is too small; it must be at "
     "least 0"),
    ("dataset.validation_size", 60000, "dataset.validation_size is 60000, must be 0 to 59999 "
     "(mnist has 60000 training images, one must be left)"),
    ("dataset.training_size", 55001, "dataset.training_size is 55001, must be 1 to 55000 "
     "(what validation leaves of mnist's 60000)"),
    ("dataset.test_size", 10001, "dataset.test_size is 10001, must be 1 to 10000 (mnist has "
     "10000 test images)"),
    ("networks.vgg.batch_size", 55001, "networks.vgg.batch_size: 55001 is more than the 55000 "
     "training images; use at most that many"),
    ("dataset.test_share", 0, "dataset.test_share: 0 is too small; it must be more than 0"),
    ("dataset.test_share", 1, "dataset.test_share: 1 is too large; it must be at most 0.9"),
    # Empty.
    ("outdir", "", "outdir: is empty; give at least 1"),
    ("networks", {}, "networks: is empty; give at least 1"),
    ("networks.vgg.layers", [], "networks.vgg.layers: is empty; give at least 1"),
    # A name that is none.
    ("dataset.name", "mnits", "dataset.name: 'mnits' is not known; did you mean 'mnist'?"),
    ("dataset.name", "folder", "dataset.directory: missing; dataset.name is 'folder', so name it"),
    ("dataset.channels", 2, "dataset.channels: 2 is not known; it may be auto, 1, 3"),
    ("dataset.source", "directory", "dataset.directory: missing; dataset.source is 'directory', so "
     "name a folder"),
    ("dataset.source", "ftp", "dataset.source: 'ftp' is not known; it may be auto, directory, "
     "cache, torchvision, npm"),
    ("training.optimizer", "adamm", "training.optimizer: 'adamm' is not known; did you mean "
     "'adam'?"),
    ("tracking.mode", "off", "tracking.mode: 'off' is not known; did you mean 'disabled'?"),
    ("baseline", "vg", "baseline: there is no network 'vg'; did you mean 'vgg'?"),
    ("networks.exp3", None, "baseline: there is no network 'exp3'; it may be vgg, bottleneck, "
     "transformer, csp, sppf"),
    ("only", ["vgg", "cps"], "only[1]: there is no network 'cps'; did you mean 'csp'?"),
    ("only", ["exp3"], "only: 'exp3' is the baseline and needs one more to compare with"),
    ("only", [], "only: is empty; give at least 1"),
    ("networks.Big", {"batch_size": 1, "layers": ["flatten"]}, "networks: 'Big' is no "
     "network's name; use small letters, digits and underscores, a letter first"),
]  # fmt: skip


def changed(config: dict, path: str, value: object) -> dict:
    """Return the config with the key at `path`, such as 'training.epochs', set or taken out."""
    config = copy.deepcopy(config)
    *sections, key = path.split(".")
    part = config
    for section in sections:
        part = part[section]
    if value is MISSING:
        del part[key]
    else:
        part[key] = value
    return config


def message(config: dict, **settings) -> str:
    with pytest.raises(UserError) as error:
        resolve_config(config, **settings)
    text = str(error.value)
    assert "\n" not in text
    return text


def test_the_committed_config_is_complete_and_already_resolved(config):
    resolved = resolve_config(config)
    assert resolved == config
    assert list(resolved["networks"]) == list(config["networks"])


def test_the_committed_config_states_the_defaults(config):
    given = {key: config[key] for key in ("baseline", "networks")}
    assert resolve_config(given) == config


def test_a_given_value_is_kept_beside_the_defaults(config):
    given = {key: config[key] for key in ("baseline", "networks")}
    resolved = resolve_config(given | {"training": {"epochs": 3}})
    assert resolved["training"] == config["training"] | {"epochs": 3}


def test_resolving_leaves_its_argument_and_the_schema_alone(config):
    given = {key: config[key] for key in ("baseline", "networks")}
    before = copy.deepcopy(given)
    resolve_config(given)["dataset"]["name"] = "changed"
    assert given == before
    assert resolve_config(given)["dataset"]["name"] == "mnist"


def test_null_takes_a_network_out(config):
    resolved = resolve_config(changed(config, "networks.transformer", None))
    assert list(resolved["networks"]) == ["exp3", "vgg", "bottleneck", "csp", "sppf"]


@pytest.mark.parametrize("only", [["csp", "vgg"], ["vgg", "csp", "exp3"]])
def test_only_keeps_the_networks_it_names_and_the_baseline_in_their_order(config, only):
    resolved = resolve_config(config | {"only": only})
    assert list(resolved["networks"]) == ["exp3", "vgg", "csp"]
    assert resolve_config(resolved) == resolved


def test_a_network_needs_no_card(config):
    del config["networks"]["vgg"]["card"]
    assert resolve_config(config)["networks"]["vgg"]["card"] is None


@pytest.mark.parametrize(
    ("path", "value", "expected"), MISTAKES, ids=[path for path, *_ in MISTAKES]
)
def test_a_mistake_is_one_line_that_names_the_key(config, path, value, expected):
    assert message(changed(config, path, value)) == expected


def test_a_vote_with_the_name_of_a_network(config):
    text = message(changed(config, "votes", {"vgg": ["vgg", "csp"]}))
    assert text == "votes.vgg: a network has that name; choose another"


def test_an_unknown_card(config):
    text = message(changed(config, "networks.csp.card", "botleneck_csp"))
    expected = "networks.csp.card: there is no card 'botleneck_csp'; did you mean 'bottleneck_csp'?"
    assert text == expected


def test_a_name_that_is_no_text(config):
    config["networks"][7] = config["networks"]["vgg"]
    assert message(config) == "networks: 7 is no network's name; use text"


def test_every_network_null(config):
    config["networks"] = dict.fromkeys(config["networks"])
    assert message(config) == "networks: every network is null; keep at least one"


def test_the_baseline_alone(config):
    config["networks"] = {"exp3": config["networks"]["exp3"]}
    expected = "networks: 'exp3' is the baseline and needs one more to compare with"
    assert message(config) == expected


def test_names_that_a_table_reads_as_something_else(config):
    config["votes"]["nan"] = ["vgg"]
    assert message(config) == "votes.nan: no name that a table can hold; choose another"
    config["networks"]["inf"] = config["networks"]["vgg"]
    assert message(config) == "networks.inf: no name that a table can hold; choose another"


def test_a_vote_may_be_named_like_a_rule(config):
    config["votes"]["all"] = ["vgg", "csp"]
    assert resolve_config(config, reserved=["all"])["votes"] == {"all": ["vgg", "csp"]}


@pytest.mark.parametrize("name", ["train", "train_seeds_0to1"])
def test_a_network_named_like_a_rule(config, name):
    config["networks"][name] = config["networks"]["vgg"]
    expected = f"networks.{name}: the name is reserved; choose another"
    assert message(config, reserved=["train", "all"]) == expected


def test_a_batch_of_all_training_images_is_the_largest(config):
    config["dataset"] |= {"training_size": 500, "validation_size": 0}
    for network in config["networks"].values():
        network["batch_size"] = 500
    assert resolve_config(config)["networks"]["vgg"]["batch_size"] == 500
    config["networks"]["csp"]["batch_size"] = 501
    assert message(config).startswith("networks.csp.batch_size: 501 is more than the 500 ")


def test_of_several_mistakes_the_same_one_is_named_whatever_their_order(config):
    for name in ("vgg", "csp"):
        config["networks"][name]["batch_size"] = 0
    forth = message(config)
    config["networks"] = dict(reversed(config["networks"].items()))
    assert message(config) == forth


@pytest.mark.parametrize(
    "name",
    ["vgg\n", "../vgg", "a/b", "vgg ", "", "Vgg", "a|b", "<b>", "$(ls)", "ü", "a.b"],
)
def test_a_networks_name_is_good_for_paths_shells_and_pages(config, name):
    config["networks"][name] = config["networks"].pop("vgg")
    with pytest.raises(UserError, match=r"^networks: .* is no network's name; use small letters"):
        resolve_config(config)
