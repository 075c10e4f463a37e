"""docs/using-a-network.md to the letter: its code is run as it stands there."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from blocklab import load_network
from blocklab.networks.network import predict

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "using-a-network.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
NETWORKS = yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))["networks"]
TOLERANCE = 1e-4  # of the logits' standard deviation
random = np.random.default_rng(0)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*torch.jit.*deprecated:FutureWarning"),
]


def run_blocks(names: dict, *words: str) -> dict:
    """Run the page's blocks that hold one of `words`, or all, in its order; return their names."""
    chosen = [block for block in BLOCKS if not words or any(word in block for word in words)]
    assert len(chosen) >= len(words)
    for block in chosen:
        exec(compile(block, "using-a-network.md", "exec"), names)
    return names


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check_exports(names: dict) -> None:
    """Compare what the page's blocks have written with torch, for several images and for one."""
    images = torch.from_numpy(random.integers(0, 256, (5, 1, 32, 32), dtype=np.uint8))
    images[0] //= 250  # few grey levels, for which the Transformer has a way of its own
    session = names["onnxruntime"].InferenceSession("network.onnx")
    ways = {
        "onnx": lambda some: session.run(None, {"images": some.numpy()})[0],
        "pt": torch.jit.load("network.pt"),
        "pt2": torch.export.load("network.pt2").module(),
    }
    for some in (images, images[:1]):
        expected = predict(names["network"].layers, some).numpy()
        for way, exported in ways.items():
            logits = torch.as_tensor(exported(some)).detach().numpy()
            assert np.abs(logits - expected).max() < TOLERANCE * expected.std(), way


def test_the_page_from_top_to_bottom(here, make_run, capsys):
    make_run(NETWORKS["vgg"]["layers"], "results/mnist/vgg/seed0")
    Image.fromarray(random.integers(0, 256, (28, 28), dtype=np.uint8)).save("digit.png")
    Image.fromarray(random.integers(0, 256, (60, 60, 3), dtype=np.uint8)).save("photo.jpg")
    names = run_blocks({})
    printed = capsys.readouterr().out
    assert printed.startswith("TrainedNetwork(\n  vgg, seed 3, trained for 4 epochs on mnist")
    assert f"{names['network'].classify('digit.png').class_name} {{'" in printed
    assert names["answer"] == names["network"].classify("photo.jpg", negative=True)
    check_exports(names)


VIT = {"out": 8, "patch": 4, "positions": "learned", "norm": True, "activation": "gelu"}
OTHERS = {name: network["layers"] for name, network in NETWORKS.items() if name != "vgg"}
OTHERS["vit"] = [{"transformer_block": VIT}, "flatten", {"linear": "classes"}]


@pytest.mark.parametrize("name", OTHERS)
def test_every_other_network_says_the_same_once_exported(here, make_run, name):
    network = load_network(make_run(OTHERS[name]))
    names = {"network": network, "images": torch.zeros(1, 1, 32, 32, dtype=torch.uint8)}
    check_exports(run_blocks(names, "onnx", "torch.jit", "pt2"))
