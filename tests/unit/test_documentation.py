"""The generated pages say what the code does, and the README's links lead somewhere."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml

from blocklab.study.config import resolve_config

PROJECT = Path(__file__).parents[2]
PAGES = [*sorted(PROJECT.glob("*.md")), *sorted((PROJECT / "docs").rglob("*.md"))]

specification = importlib.util.spec_from_file_location("generate", PROJECT / "docs" / "generate.py")
generate = importlib.util.module_from_spec(specification)
specification.loader.exec_module(generate)


@pytest.mark.parametrize("page", ["configuration", "blocks"])
def test_generated_page_is_up_to_date(page):
    written = (PROJECT / "docs" / f"{page}.md").read_text()
    assert getattr(generate, page)() == written, "run `make docs`"


def test_the_pictures_of_blocks_are_up_to_date():
    folder = PROJECT / "docs" / "blocks"
    written = {path.stem: path.read_text() for path in folder.iterdir()}
    assert generate.drawings() == written, "run `make docs`"


def test_the_benchmark_has_the_networks_of_the_config():
    written = (PROJECT / "benchmarks" / "networks.json").read_text()
    assert generate.networks() == written, "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_relative_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)\)", page.read_text())
    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_yaml_that_is_shown_can_be_read(page):
    for shown in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL):
        assert isinstance(yaml.safe_load(shown), dict | list)


def test_the_table_of_wings_names_every_file():
    page = (PROJECT / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| `(\w+)/` \| .* \| (.*) \|$", page, re.MULTILINE)
    library = PROJECT / "workflow" / "blocklab"
    named = {wing: set(re.findall(r"`(\w+/?)`", files)) for wing, files in rows}
    assert named == {
        wing.name: {
            f"{path.name}/" if path.is_dir() else path.stem
            for path in wing.iterdir()
            if path.name[:2] != "__"
        }
        for wing in library.iterdir()
        if wing.is_dir() and wing.name[:2] != "__"
    }


def test_every_make_command_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    instructions = [PROJECT / ".github" / "workflows" / "tests.yml", PROJECT / ".ci" / "run"]
    for page in (*PAGES, *instructions):
        named = re.findall(r"^.*?(?:^|run: | {4}|`)make ([a-z-]+)", page.read_text(), re.MULTILINE)
        assert set(named) <= targets, page


def test_the_example_block_of_the_guide_works_in_its_network(monkeypatch):
    import torch

    from blocklab.networks.arguments import describe, parameters
    from blocklab.networks.blocks import registry
    from blocklab.networks.network import initialise, resolve

    guide = (PROJECT / "docs" / "adding-a-block.md").read_text()
    example = re.search(r"```python\n(.*?)```", guide, re.DOTALL)[1]
    network = re.search(r"```yaml\n(networks:.*?)```", guide, re.DOTALL)[1]
    others = {k: cls for k, cls in registry.all_blocks().items() if k != "squeeze_excitation"}
    monkeypatch.setattr(registry, "REGISTRY", others)
    exec(compile(example, "adding-a-block.md", "exec"), {"__name__": "example"})
    block = registry.REGISTRY["squeeze_excitation"]
    assert list(describe(block)[1]) == list(parameters(block))
    images = torch.rand(2, 8, 4, 4)
    ratio = block(8)(images) / images
    assert ratio.shape == images.shape
    assert ((ratio > 0) & (ratio < 1)).all()
    assert torch.allclose(ratio, ratio[:, :, :1, :1].expand_as(ratio), rtol=1e-4)
    ((name, vgg_se),) = yaml.safe_load(network)["networks"].items()
    layers = resolve(name, vgg_se["layers"], (1, 32, 32), 10)
    assert initialise(layers, seed=0)(torch.rand(2, 1, 32, 32)).shape == (2, 10)


def test_the_example_of_a_config_is_one(config):
    overlay = yaml.safe_load(generate.EXAMPLE)
    for network, changes in overlay.pop("networks").items():
        config["networks"][network] |= changes
    config["training"] |= overlay.pop("training")
    assert resolve_config(config | overlay)["votes"] == {"both": ["vgg", "csp"]}
