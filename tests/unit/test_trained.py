"""A run's folder becomes a network that takes any image; what cannot be used is one line."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2.functional import resize

from blocklab import load_network
from blocklab.errors import UserError
from blocklab.networks.network import initialise, predict, resolve

WORKFLOW = Path(__file__).parents[2] / "workflow"
SMALL = [
    {"conv": {"out": 4, "kernel": 3}},
    {"dropout": 0.5},
    {"maxpool": 4},
    "flatten",
    {"linear": "classes"},
]
BILINEAR = InterpolationMode.BILINEAR
random = np.random.default_rng(0)


@pytest.fixture
def run(make_run):
    return make_run(SMALL)


@pytest.fixture
def colour(make_run):
    return load_network(make_run(SMALL, shape=(3, 8, 8), classes=2, class_names=["cat", "dog"]))


def grey(*shape):
    return random.integers(0, 256, shape, dtype=np.uint8)


def refusal(call, *arguments) -> str:
    with pytest.raises(UserError) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_network_is_the_one_that_was_trained(run):
    network = load_network(run)
    images = torch.from_numpy(grey(6, 1, 32, 32))
    expected = predict(initialise(resolve("vgg", SMALL, (1, 32, 32), 10, "cpu"), 3), images)
    with torch.no_grad():
        assert torch.equal(network(images), expected)
    assert not network.training and network.seed == 3 and network.input_shape == (1, 32, 32)
    assert network.provenance["settings"]["training"] == {"epochs": 4}


def test_it_says_what_it_was_trained_on(run):
    words = "vgg, seed 3, trained for 4 epochs on mnist: 1 x 32 x 32 pixels -> 10 classes (0, 1, 2"
    network = load_network(run)
    assert words in str(network)
    network.provenance["dataset"]["name"] = "folder"
    assert "trained for 4 epochs on images of one's own (folder): 1 x 32" in str(network)


def test_an_image_of_ones_own_is_resized_as_the_training_images_were(run, tmp_path):
    network, image = load_network(run), grey(28, 28)
    Image.fromarray(image).save(tmp_path / "digit.png")
    stored = resize(torch.from_numpy(image)[None, None], [32, 32], BILINEAR, antialias=True)
    probabilities = predict(network.layers, stored)[0].double().softmax(0).tolist()
    answer = network.classify(tmp_path / "digit.png")
    assert answer.class_name == str(int(np.argmax(probabilities)))
    assert list(answer.probabilities.values()) == sorted(probabilities, reverse=True)
    assert next(iter(answer.probabilities)) == answer.class_name


def test_a_picture_that_is_no_square_is_cut_or_padded_as_its_study_says(run):
    network, tall = load_network(run), grey(40, 32)
    assert torch.equal(network.prepare(tall), network.prepare(tall[4:36]))
    network.provenance["dataset"]["non_square"] = "pad"
    padded = np.pad(tall, ((0, 0), (4, 4)))
    assert torch.equal(network.prepare(tall), network.prepare(padded))


def test_the_negative_of_a_photograph(run):
    network, image = load_network(run), grey(32, 32)
    assert torch.equal(network.prepare(255 - image, negative=True), network.prepare(image))
    assert network.classify(255 - image, negative=True) == network.classify(image)


MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"]


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_of_a_picture_is_taken(run, colour, mode):
    values = grey(9, 9)
    if mode == "I;16":
        picture = Image.fromarray(values.astype(np.uint16) * 257)
    else:
        picture = Image.fromarray(values).convert(mode)
    assert picture.mode == mode
    for network in (load_network(run), colour):
        prepared = network.prepare(picture)
        assert prepared.shape == (1, *network.input_shape) and prepared.dtype == torch.uint8
        plain = network.prepare(picture if mode == "1" else values)
        assert (prepared.int() - plain.int()).abs().max() <= 3  # of colour spaces, rounding


def test_transparency_lies_on_white_and_a_camera_is_turned(colour, tmp_path):
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert (colour.prepare(clear) == 255).all()
    lying = Image.fromarray(grey(8, 8, 3))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    lying.save(tmp_path / "photo.png", exif=exif)
    assert torch.equal(
        colour.prepare(tmp_path / "photo.png"), colour.prepare(np.array(lying)[::-1, ::-1])
    )


def test_classes_have_their_names_and_numbers_where_there_are_none(colour, make_run):
    assert set(colour.classify(grey(20, 30, 3)).probabilities) == {"cat", "dog"}
    nameless = load_network(make_run(SMALL, "nameless", classes=3, class_names=[]))
    assert sorted(nameless.classify(grey(5, 5)).probabilities) == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("none.png", "none.png: no such file"),
        ("text.png", "of no format that Pillow reads"),
        ("half.png", "cannot be read as an image"),
        (np.zeros((8, 8)), "an array of float64 [8, 8]; give uint8 [H, W]"),
        (np.zeros((8, 8, 7), np.uint8), "an array of uint8 [8, 8, 7]"),
        (np.zeros((0, 8), np.uint8), "an array of uint8 [0, 8]"),
        (np.zeros(8, np.uint8), "an array of uint8 [8]"),
        (np.array(8, np.uint8), "an array of uint8 []"),
        (torch.zeros(8, 8), "a Tensor; give a file"),
        (Image.new("F", (8, 8)), "32 bits a pixel"),
    ],
    ids=[
        "missing",
        "text",
        "half",
        "floats",
        "channels",
        "empty",
        "line",
        "number",
        "tensor",
        "32 bits",
    ],
)
def test_what_is_no_image_is_one_line(colour, tmp_path, monkeypatch, image, reason):
    monkeypatch.chdir(tmp_path)
    Path("text.png").write_text("no picture")
    Image.fromarray(grey(50, 50)).save("whole.png")
    Path("half.png").write_bytes(Path("whole.png").read_bytes()[:1000])
    assert reason in refusal(colour.classify, image)


def test_tensors_that_are_no_stored_images_are_refused(colour):
    for images in (torch.rand(1, 3, 8, 8), torch.zeros(3, 8, 8, dtype=torch.uint8)):
        assert "vgg takes uint8 images [N, 3, 8, 8], but was given" in refusal(colour, images)


def test_folders_that_are_no_runs(run, tmp_path):
    assert refusal(load_network, tmp_path / "none").endswith("like results/mnist/vgg/seed0")
    assert "is a file" in refusal(load_network, run / "weights.safetensors")
    assert refusal(load_network, tmp_path).endswith(f"did you mean {run}?")
    (run / "weights.safetensors").unlink()
    assert "has no weights.safetensors" in refusal(load_network, run)


def test_a_damaged_run(run, flip):
    weights, record = run / "weights.safetensors", run / "provenance.json"
    good = weights.read_bytes()
    weights.write_bytes(flip(good, len(good) - 9))
    assert str(weights) in refusal(load_network, run)
    weights.write_bytes(good)
    text = record.read_text()
    for damaged, reason in [(text[:50], "cannot be read"), ("{}", "not the record of a run")]:
        record.write_text(damaged)
        assert reason in refusal(load_network, run)


def test_a_network_of_blocks_that_are_not_here(run):
    record = run / "provenance.json"
    record.write_text(record.read_text().replace('"conv"', '"konv"'))
    line = refusal(load_network, run)
    assert line.startswith(f"{run}: ") and line.endswith("no such block; did you mean 'conv'?")


def test_the_weights_of_another_network(run, make_run):
    other = make_run([*SMALL[:-1], {"linear": 5}, {"linear": "classes"}], "other")
    (other / "weights.safetensors").rename(run / "weights.safetensors")
    assert "not the weights of this network" in refusal(load_network, run)


def test_importing_the_library_imports_nothing_heavy():
    code = "import blocklab, sys; blocklab.__version__; print(*sys.modules, *dir(blocklab))"
    environment = {**os.environ, "PYTHONPATH": str(WORKFLOW)}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert {"load_network", "__version__"} <= set(run.stdout.split())
    assert not {"torch", "numpy", "blocklab.trained"} & set(run.stdout.split())
    with pytest.raises(ImportError, match="load_networks"):
        from blocklab import load_networks  # noqa: F401
