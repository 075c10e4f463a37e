"""The plan is right, kept, and made anew when something that matters changes."""

import copy
import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from blocklab.errors import UserError
from blocklab.study import plan as planning
from blocklab.study.plan import block_modules, input_shape, plan

PACKAGE = planning.PACKAGE


@pytest.fixture
def small(config):
    """The study with two of its networks, in the order vgg, exp3."""
    config["networks"] = {name: config["networks"][name] for name in ("vgg", "exp3")}
    return config


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the library, which the plan takes for the one it depends on."""
    folder = tmp_path / "blocklab"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(planning, "PACKAGE", folder)
    return folder


def kept(cache: Path) -> int:
    return len(list(cache.iterdir()))


def test_a_plan_names_block_files_and_counts(config, tmp_path):
    answer = plan(config, tmp_path)
    assert list(answer) == list(config["networks"])
    basic = ["networks.blocks.basic"]
    assert {name: entry["modules"] for name, entry in answer.items()} == {
        "exp3": [*basic, "networks.blocks.conv", "networks.blocks.pooling"],
        "vgg": [*basic, "networks.blocks.conv", "networks.blocks.pooling"],
        "bottleneck": [*basic, "networks.blocks.bottleneck", "networks.blocks.pooling"],
        "transformer": [*basic, "networks.blocks.transformer"],
        "csp": [*basic, "networks.blocks.csp", "networks.blocks.pooling"],
        "sppf": [*basic, "networks.blocks.conv", "networks.blocks.pooling", "networks.blocks.spp"],
    }
    assert answer["vgg"]["parameters"] == 14_450
    assert answer["bottleneck"]["active_residuals"] == 0


def test_a_kept_plan_is_read_without_torch(small, tmp_path):
    first = plan(small, tmp_path / "cache")
    (tmp_path / "config.json").write_text(json.dumps(small))
    script = (
        "import json, sys; from pathlib import Path; from blocklab.study.plan import plan\n"
        "config = json.loads(Path(sys.argv[1]).read_text())\n"
        "answer = plan(config, Path(sys.argv[2]))\n"
        "print(json.dumps([answer, sorted({'torch', 'numpy', 'pandas'} & set(sys.modules))]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "config.json"), str(tmp_path / "cache")],
        env={"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(run.stdout) == [first, []]
    assert kept(tmp_path / "cache") == 1


def test_the_order_of_keys_does_not_count(small, tmp_path, monkeypatch):
    first = plan(small, tmp_path)
    layers = small["networks"]["vgg"]["layers"]
    assert layers[0] == {"conv": {"out": 8, "kernel": 3, "activation": "relu", "repeat": 2}}
    layers[0] = {"conv": dict(reversed(layers[0]["conv"].items()))}
    small["networks"] = dict(reversed(small["networks"].items()))
    monkeypatch.setattr(planning, "_plan", lambda config: pytest.fail("planned again"))
    assert plan(small, tmp_path) == first


def test_what_a_plan_does_not_depend_on_does_not_count(small, tmp_path, monkeypatch):
    first = plan(small, tmp_path)
    small["training"]["epochs"] = 99
    small["networks"]["vgg"]["batch_size"] = 7
    monkeypatch.setattr(planning, "_plan", lambda config: pytest.fail("planned again"))
    assert plan(small, tmp_path) == first


def swap_pool(config):
    config["networks"]["vgg"]["layers"][1] = {"avgpool": 2}


def shrink(config):
    config["dataset"]["input_size"] = 28


def other_classes(config):
    config["dataset"]["name"] = "emnist_letters"


def colour(config):
    config["dataset"]["channels"] = 3


PARAMETERS = {swap_pool: 14_450, shrink: 12_050, other_classes: 30_850, colour: 14_594}


@pytest.mark.parametrize("change", PARAMETERS)
def test_what_a_plan_depends_on_counts(small, tmp_path, change):
    plan(small, tmp_path)
    change(small)
    again = plan(small, tmp_path)
    assert kept(tmp_path) == 2
    assert again["vgg"]["parameters"] == PARAMETERS[change]


def test_another_data_set_of_the_same_shape_and_classes_needs_no_other_plan(small, tmp_path):
    plan(small, tmp_path)
    small["dataset"]["name"] = "fashion_mnist"
    plan(small, tmp_path)
    assert kept(tmp_path) == 1


@pytest.mark.parametrize(
    "module", ["blocks/conv.py", "network.py", "complexity.py", "arguments.py"]
)
def test_an_edit_of_the_code_counts_and_a_comment_does_not(small, tmp_path, package, module):
    cache = tmp_path / "cache"
    plan(small, cache)
    path = package / "networks" / module
    path.write_text("# A comment.\n" + path.read_text())
    plan(small, cache)
    assert kept(cache) == 1
    path.write_text(path.read_text() + "\nEDITED = True\n")
    plan(small, cache)
    assert kept(cache) == 2


def test_code_that_no_plan_depends_on_does_not_count(small, tmp_path, package):
    plan(small, tmp_path / "cache")
    path = package / "report" / "sentences" / "findings.py"
    path.write_text(path.read_text() + "\nEDITED = True\n")
    plan(small, tmp_path / "cache")
    assert kept(tmp_path / "cache") == 1


def test_the_files_of_a_networks_blocks_are_known_unread(package):
    layers = ["mine", {"conv": 8}, {"mine": 3, None: 2}, {"nothing": 1}, {3: 4}]
    assert block_modules(layers) == ["networks.blocks.conv"]
    (package / "networks/blocks/broken.py").write_text('@block("mine")\nclass Mine(:\n')
    assert block_modules(layers) == ["networks.blocks.broken", "networks.blocks.conv"]


@pytest.mark.parametrize("line", ["this is no Python", "import blocklab.nothing"])
def test_a_broken_block_file_harms_only_who_uses_it(small, tmp_path, package, line):
    first = plan(small, tmp_path / "cache")
    (package / "networks/blocks/mine.py").write_text(f'{line}\n@block("mine")\nclass Mine: pass\n')
    assert plan(small, tmp_path / "cache") == first
    assert kept(tmp_path / "cache") == 1
    small["networks"]["vgg"]["layers"].insert(0, "mine")
    with pytest.raises(UserError, match=r"^networks.vgg, layer 1 \(mine\): "):
        plan(small, tmp_path / "cache")


def test_a_damaged_plan_is_made_anew(small, tmp_path):
    first = plan(small, tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_text(path.read_text()[:-20])
    assert plan(small, tmp_path) == first
    assert json.loads(path.read_text()) == first


@pytest.mark.parametrize(
    ("layer", "wrong"),
    [
        ({"cnov": 8}, "(cnov): no such block"),
        ({"conv": {"out": 8, 3: 4}}, "(conv): unknown argument '3'"),
        ({"conv": {"out": 8, False: 4}}, "(conv): unknown argument 'False'"),
        ({"dropout": math.nan}, "(dropout): rate is nan"),
        ({"bottleneck": {"out": 8, "expansion": math.inf}}, "(bottleneck): expansion is inf"),
    ],
)
def test_a_wrong_layer_is_the_users_mistake_and_no_plan_is_kept(small, tmp_path, layer, wrong):
    small["networks"]["vgg"]["layers"].insert(0, layer)
    with pytest.raises(UserError) as error:
        plan(small, tmp_path)
    assert str(error.value).startswith(f"networks.vgg, layer 1 {wrong}")
    assert kept(tmp_path) == 0


def test_without_torch_the_block_files_are_known(small, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    answer = plan(copy.deepcopy(small), tmp_path / "cache")
    files = [f"networks.blocks.{name}" for name in ("basic", "conv", "pooling")]
    assert answer == {name: {"modules": files} for name in ("vgg", "exp3")}
    assert "torch is not installed" in caplog.text
    assert not (tmp_path / "cache").exists()


def test_input_shape_is_that_of_the_prepared_images(config):
    assert input_shape(config["dataset"] | {"input_size": 20}) == (1, 20, 20)
