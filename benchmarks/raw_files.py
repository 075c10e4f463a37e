"""MNIST's four IDX files from any folder, raw or with .gz at the end of their names.

The project's own source for folders takes files of the known checksums alone; a test makes its own.
"""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from blocklab.data.datasets import TEST_IMAGES, TEST_LABELS, TRAINING_IMAGES, TRAINING_LABELS


@contextmanager
def raw_files(folder: Path) -> Iterator[dict[str, Path]]:
    """Yield the uncompressed files by name; those that had to be unpacked live as long."""
    paths = {}
    with TemporaryDirectory() as unpacked:
        for name in (TRAINING_IMAGES, TRAINING_LABELS, TEST_IMAGES, TEST_LABELS):
            paths[name], packed = folder / name, folder / f"{name}.gz"
            if not paths[name].exists() and packed.exists():
                paths[name] = Path(unpacked) / name
                paths[name].write_bytes(gzip.decompress(packed.read_bytes()))
        yield paths
