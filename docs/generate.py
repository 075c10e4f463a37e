"""Write the generated pages, and the benchmark's list of networks: `make docs`."""

import inspect
import json
from collections.abc import Iterator
from pathlib import Path

import torch
import yaml

from blocklab.data.datasets import DATASETS
from blocklab.networks.arguments import describe, expected, infer, inferred, parameters
from blocklab.networks.blocks.registry import all_blocks
from blocklab.networks.structure.recording import structure
from blocklab.report.structure.block import draw_blocks
from blocklab.study.config import schema
from blocklab.study.other_names import ABSENT

DOCS = Path(__file__).parent
# What the pictures of blocks have as input, and as `out` where that must be given. A block with a
# shortcut is drawn with as many channels before as after it, too: then it is active.
MAPS, VECTOR, OUT = (8, 32, 32), (64,), 16
ALIKE = (OUT, 32, 32)

EXAMPLE = """\
outdir: results/longer
training:
  loss: cross_entropy
  learning_rate: 0.004
  schedule: one_cycle
  average: ema
  augmentation: {shift: 2, rotation: 10, scale: 0.1}
networks:
  vgg: {training: {epochs: 20}}
votes:
  both: [vgg, csp]"""


def configuration() -> str:
    """Return the reference of every config key, as Markdown."""
    lines = [
        "# Configuration",
        "",
        "`config.yaml` is the homework's study. Another study is an overlay with the keys that",
        "differ: `snakemake --cores 4 --resources gpu=1 --configfile studies/NAME.yaml`.",
        "This page is generated from `workflow/schemas/config.schema.yaml` by `make docs`.",
        "",
        "Say, a recipe for all networks, more epochs for one of them, and a vote of two:",
        "",
        "```yaml",
        EXAMPLE,
        "```",
        "",
        "| key | value | default | meaning |",
        "|---|---|---|---|",
        *_rows(schema(), ""),
        "",
        "## Built-in data sets",
        "",
        "Besides these, [your own](your-own-data.md).",
        "",
        "| name | training images | test images | channels | classes |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {known.training_images:,} | {known.test_images:,} | {known.channels} "
            f"| {known.classes} |"
            for name, known in DATASETS.items()
        ),
        "",
        "## What there is no key for",
        "",
        "These are left out on purpose, so that networks differ by their blocks alone.",
        "",
        *(f"- **{name}**: {instead}." for name, (_, instead) in ABSENT.items()),
        "",
        "[architecture.md](architecture.md) says where one would go.",
    ]
    return "\n".join(lines) + "\n"


def blocks() -> str:
    """Return the reference of every block and its arguments, as Markdown."""
    lines = [
        "# Blocks",
        "",
        "What a network's `layers` may name. What a block must know of its input is inferred; a",
        "single value, as in `maxpool: 2`, is the first argument. Any block takes `repeat` too.",
        "This page is generated from `workflow/blocklab/networks/blocks` by `make docs`.",
    ]
    for name, cls in all_blocks().items():
        text, meanings = describe(cls)
        lines += ["", f"## {name}", "", text, "", f"![Inside of {name}](blocks/{name}.svg)"]
        needs = inferred(cls)
        lines += ["", f"Input: {'vectors' if 'in_features' in needs else 'maps'}."] if needs else []
        arguments = [
            f"| {argument} | {expected(parameter.annotation)} | {_default(parameter)} "
            f"| {meanings[argument]} |"
            for argument, parameter in parameters(cls).items()
        ]
        if arguments:
            lines += [
                "",
                "| argument | value | default | meaning |",
                "|---|---|---|---|",
                *arguments,
            ]
    return "\n".join(lines) + "\n"


def drawings() -> dict[str, str]:
    """Return an SVG of every block by its name."""
    drawn = {}
    for name, cls in all_blocks().items():
        given = {
            argument: OUT
            for argument, parameter in parameters(cls).items()
            if parameter.default is parameter.empty
        }
        blocks = []
        for shape in [VECTOR] if "in_features" in inferred(cls) else [MAPS, ALIKE]:
            with torch.device("meta"):
                module = cls(**given, **infer(cls, shape))
            if not blocks or hasattr(module, "residual"):
                title = f"{name} {OUT}" if given else name
                blocks.append({"title": title, "structure": structure(module, shape)})
        drawn[name] = draw_blocks(name, blocks)
    return drawn


def _rows(part: dict, prefix: str) -> Iterator[str]:
    children = dict(part.get("properties", {}))
    if isinstance(part.get("additionalProperties"), dict):
        children["NAME"] = part["additionalProperties"]
    for key, child in children.items():
        name = f"{prefix}{key}"
        if name == "networks.NAME.training":  # of keys that all have rows already
            yield f"| {name} | object | none | {child['description']} |"
        elif child.get("properties") or isinstance(child.get("additionalProperties"), dict):
            if "description" in child:
                yield f"| **{name}** | | | {child['description']} |"
            yield from _rows(child, f"{name}.")
        else:
            default = f"`{_yaml(child['default'])}`" if "default" in child else "required"
            yield f"| {name} | {_values(child)} | {default} | {child['description']} |"


def _values(part: dict) -> str:
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
    text = " or ".join(kinds)
    if "minimum" in part:
        text += f", at least {part['minimum']}"
    if "maximum" in part:
        text += f", at most {part['maximum']}"
    if "exclusiveMinimum" in part:
        text += f", more than {part['exclusiveMinimum']}"
    return text


def _yaml(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _default(parameter: inspect.Parameter) -> str:
    required = parameter.default is parameter.empty
    return "required" if required else f"`{_yaml(parameter.default)}`"


def networks() -> str:
    """Return the networks of config.yaml as JSON, for machines that read no YAML."""
    networks = yaml.safe_load((DOCS.parent / "config.yaml").read_text(encoding="utf-8"))["networks"]
    return json.dumps(networks, indent=2) + "\n"


if __name__ == "__main__":
    (DOCS.parent / "benchmarks" / "networks.json").write_text(networks(), encoding="utf-8")
    (DOCS / "configuration.md").write_text(configuration(), encoding="utf-8")
    (DOCS / "blocks.md").write_text(blocks(), encoding="utf-8")
    (DOCS / "blocks").mkdir(exist_ok=True)
    for name, drawing in drawings().items():
        (DOCS / "blocks" / f"{name}.svg").write_text(drawing, encoding="utf-8")
