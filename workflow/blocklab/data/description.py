"""What is known of a data set before its images are read, and the raw files that hold them.

Snakemake's process reads this at every start, so nothing heavy is imported.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Description:
    """How many images there are, of how many channels, and which classes."""

    training_images: int
    test_images: int
    channels: int
    class_names: tuple[str, ...]
    validation_images: int | None = None
    """Images meant for validation; None where they are held out of the training images."""
    test_held_out: bool = False
    """Whether the test images are held out of what is listed first, the training images."""

    @property
    def classes(self) -> int:
        return len(self.class_names)


@dataclass(frozen=True)
class Archive:
    """A published file that holds all raw files of a data set."""

    name: str
    md5: str
    """MD5 of the archive, for where nobody publishes one of its content."""
    member: str
    """Name of a raw file in the archive, with {name} for the raw file's."""
    url: str | None = None
    """Where it is; None for what `torchvision_class` says."""


@dataclass(frozen=True, kw_only=True)
class Dataset(Description):
    """A built-in data set: its files, the checksums that prove them, and where they can be had.

    A raw file is proved by the SHA-256 of its content or, where nobody publishes that, by the MD5
    of the archive that it comes from. An uncompressed file that neither is published of is proved
    by its format alone, and a warning says so.
    """

    format: str
    """A key of `FORMATS` in preparation.py."""
    training_files: tuple[str, ...]
    test_files: tuple[str, ...]
    sha256: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of the uncompressed raw files, by name."""
    md5: Mapping[str, str] = field(default_factory=dict)
    """MD5 of the raw files as they are published, by their names with .gz."""
    archive: Archive | None = None
    torchvision_class: str | None = None
    npm_package: str | None = None
    npm_folder: str | None = None
    transposed: bool = False
    """Whether rows and columns are exchanged in the raw files."""
    first_label: int = 0
    """The label of the first class in the raw files."""
    advice: str = ""
    """Ends the error for a user for whom every source failed: where else the files can be had."""

    @property
    def files(self) -> tuple[str, ...]:
        return self.training_files + self.test_files


@dataclass(frozen=True)
class RawFiles:
    """Raw files by name, and the source they came from."""

    source: str
    paths: Mapping[str, Path]


def held_out(images: int, share: float) -> int:
    """Return how many of the images a share of them is: at least one, and never all."""
    return min(max(round(images * share), 1), images - 1)
