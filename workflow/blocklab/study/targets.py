"""What is asked for on the command line."""

import re
import sys
from collections.abc import Collection
from pathlib import Path

from blocklab.errors import UserError, suggest

NAME = re.compile(r"[A-Za-z]\w*")  # of a network or rule; a file's has a slash or a dot


def check_targets(networks: Collection[str], rules: Collection[str]) -> None:
    """Raise UserError for a target on snakemake's command line that nobody makes."""
    known = {*networks, *rules}
    unknown = [word for word in sys.argv[1:] if NAME.fullmatch(word) and word not in known]
    if not unknown or Path(sys.argv[0]).name not in ("snakemake", "__main__.py"):
        return
    # Snakemake tells a Snakefile of its targets too late. Its parser takes 0.2 seconds.
    from snakemake.cli import get_argument_parser

    targets = get_argument_parser().parse_known_args(sys.argv[1:])[0].targets
    for name in unknown:
        if name in targets:
            near = suggest(name, [*networks, *rules])
            raise UserError(
                f"{name}: no network has that name; there are {', '.join(networks)}"
                f"{near if 'did you mean' in near else ''}"
            )
