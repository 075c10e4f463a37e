"""What is asked for on the command line."""

import re
import sys
from argparse import Namespace
from collections.abc import Collection
from pathlib import Path

from blocklab.errors import UserError, suggest

NAME = re.compile(r"[A-Za-z]\w*")  # of a network or rule; a file's has a slash or a dot

OF_ONE_RUN = ("train", "evaluate", "explain", "track")
FORCES = re.compile(r"--forcea|-\w*F")  # what may be short for --forceall


def check_targets(networks: Collection[str], rules: Collection[str]) -> None:
    """Raise UserError for a target on snakemake's command line that nobody makes.

    The rules of OF_ONE_RUN are no targets: each makes the files of one run.
    """
    known = {*networks, *rules} - {*OF_ONE_RUN}
    unknown = [word for word in sys.argv[1:] if NAME.fullmatch(word) and word not in known]
    if not unknown or not _is_snakemake():
        return
    targets = _options().targets
    for name in unknown:
        if name in targets and name in OF_ONE_RUN:
            raise UserError(
                f"{name}: a stage of every run and no target; ask for a network "
                f"({', '.join(networks)}), or for all up to it: --until {name}"
            )
        if name in targets:
            near = suggest(name, [*networks, *rules])
            raise UserError(
                f"{name}: no network has that name; there are {', '.join(networks)}"
                f"{near if 'did you mean' in near else ''}"
            )


def forces_all() -> bool:
    """Tell whether snakemake's command line asks for every job to run again."""
    maybe = any(FORCES.match(word) for word in sys.argv[1:])
    return maybe and _is_snakemake() and _options().forceall


def _is_snakemake() -> bool:
    return Path(sys.argv[0]).name in ("snakemake", "__main__.py")


def _options() -> Namespace:
    # Snakemake tells a Snakefile of them too late. Its parser takes 0.2 seconds.
    from snakemake.cli import get_argument_parser

    return get_argument_parser().parse_known_args(sys.argv[1:])[0]
