"""Arrays of many runs, of which each is read when it is asked for."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np


class Arrays(Mapping[str, np.ndarray]):
    """The arrays of an .npz file by name, each read anew whenever it is looked up.

    A study may have more runs than fit into memory, or than a process may have open files.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path
        with np.load(path) as file:
            self._names = file.files

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._names:
            raise KeyError(name)
        with np.load(self.path) as file:
            return file[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
