"""Whether a config file has a key twice, of which Snakemake would take the last without a word."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from blocklab.errors import UserError

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # several times as fast, where there is one


def check_written_once(path: str | Path) -> None:
    """Raise UserError for the first key that a mapping of a config file has twice.

    A file that is no YAML is not judged.
    """
    try:
        root = yaml.compose(Path(path).read_text(encoding="utf-8"), Loader=LOADER)
        found = next(_twice(root, ""), None)
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return
    if found:
        name, lines = found
        raise UserError(
            f"{name}: written twice in {path}, in lines {' and '.join(map(str, lines))}; keep one"
        )


def _twice(node: yaml.Node | None, above: str) -> Iterator[tuple[str, list[int]]]:
    """Yield every key that is written twice, with its lines, from the top down."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _twice(item, above)
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[tuple[str, str], list[int]] = {}
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
            lines.setdefault((key.tag, key.value), []).append(key.start_mark.line + 1)
    yield from ((f"{above}{name}", at) for (_, name), at in lines.items() if len(at) > 1)
    for key, value in node.value:
        yield from _twice(value, f"{above}{key.value}." if isinstance(key.value, str) else above)
