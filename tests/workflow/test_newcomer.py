"""A new user's first day: own images, block and network, more seeds, an answer to pass on."""

import subprocess
import zipfile

import numpy as np
import pytest
from PIL import Image
from test_adding_a_block import SHOWN
from tiny_study import SNAKEMAKE, Study

from blocklab import load_network

pytestmark = pytest.mark.workflow

COLOURS = ("red", "green", "blue")
STUDY = """
outdir: results/mine
only: [vgg_se]
dataset: {name: folder, directory: pictures, input_size: 16, validation_size: 6, test_share: 0.25}
training: {epochs: 2, learning_rate: 0.01, loss: cross_entropy}
explanation: {steps: 10, sample: 3}
tracking: {mode: disabled}
baseline: plain
networks:
  plain:
    batch_size: 8
    layers: [conv: {out: 4, kernel: 3}, flatten, linear: {out: classes}]
  vgg_se:
    card: squeeze_excitation
    batch_size: 8
    layers: [conv: {out: 4, kernel: 3}, squeeze_excitation, flatten, linear: {out: classes}]
"""


def picture(colour: str, random: np.random.Generator) -> Image.Image:
    pixels = random.integers(0, 90, (20, 24, 3), np.uint8)
    pixels[..., COLOURS.index(colour)] += 160
    return Image.fromarray(pixels)


def test_a_day(fresh: Study):
    random = np.random.default_rng(0)
    for colour in COLOURS:
        (fresh.folder / "pictures" / colour).mkdir(parents=True)
        for number in range(20):
            picture(colour, random).save(fresh.folder / "pictures" / colour / f"{number}.png")
    for name, text in SHOWN:
        (fresh.folder / name).write_text(text, encoding="utf-8")
    (fresh.folder / "studies" / "mine.yaml").write_text(STUDY, encoding="utf-8")

    def run(*arguments: str) -> list[str]:
        done = subprocess.run(
            [*SNAKEMAKE, "--cores", "2", "--configfile", "studies/mine.yaml", *arguments],
            cwd=fresh.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout.splitlines()

    first = run()
    assert first[-3].startswith("Beside the baseline: vgg_se, ")
    assert first[-2].startswith("Baseline: plain, ")
    assert first[-1] == "Read on: results/mine/report.html"

    more = [line for line in run("--config", "seeds={count: 2}") if " trained in " in line]
    assert {line.partition(" trained")[0] for line in more} == {"plain seed 1", "vgg_se seed 1"}

    network = load_network(fresh.folder / "results/mine/folder/plain/seed1")
    for colour in COLOURS:
        picture(colour, random).save(fresh.folder / "new.jpg")
        assert network.classify(fresh.folder / "new.jpg").class_name == colour

    run("--config", "seeds={count: 2}", "--report", "report.zip")
    with zipfile.ZipFile(fresh.folder / "report.zip") as report:
        pages = [name for name in report.namelist() if name.endswith("report.html")]
        assert b"Squeeze-and-excitation" in report.read(pages[0])
