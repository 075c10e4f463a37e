"""Data sets as they are published, each from files of the same format that the test makes.

A server on loopback stands for the real ones; the checksums are those of the files made.
"""

import gzip
import hashlib
import io
import logging
import shutil
import tarfile
import zipfile
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch
import torchvision
from idx_files import idx

from blocklab.data import sources
from blocklab.data.datasets import DATASETS, describe
from blocklab.data.preparation import prepare
from blocklab.data.prepared import load
from blocklab.errors import UserError

RANDOM = np.random.default_rng(3)


class Made:
    """A small data set in the files of a real one: labels go round the classes."""

    def __init__(self, name: str) -> None:
        self.name, entry = name, DATASETS[name]
        side, classes = 32 if name == "cifar10" else 28, entry.classes
        counts = {"training": 2 * classes, "test": classes}
        if name == "cifar10":
            counts["training"] = 5 * classes  # a fifth to each of five files
        shape = (entry.channels, side, side)
        self.images = {
            split: RANDOM.integers(0, 256, (count, *shape), np.uint8)
            for split, count in counts.items()
        }
        self.labels = {split: np.arange(count) % classes for split, count in counts.items()}
        self.contents: dict[str, bytes] = {}
        for split, files in (("training", entry.training_files), ("test", entry.test_files)):
            images = self.images[split]
            labels = (self.labels[split] + entry.first_label).astype(np.uint8)
            if entry.format == "idx":
                stored = images[:, 0].swapaxes(1, 2) if entry.transposed else images[:, 0]
                self.contents |= dict(zip(files, map(idx, (stored, labels)), strict=True))
            else:
                records = np.hstack([labels[:, None], images.reshape(len(images), -1)])
                parts = np.split(records, len(files))
                self.contents |= {
                    file: bytes(part) for file, part in zip(files, parts, strict=True)
                }
        self.entry = replace(entry, training_images=counts["training"], test_images=counts["test"])

    def publish(self, folder: Path) -> list[Path]:
        """Write what a server would offer; the entry's checksums become those of it."""
        folder.mkdir(exist_ok=True)
        archive = self.entry.archive
        if archive is None:
            for name, content in self.contents.items():
                (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
            published = [folder / f"{name}.gz" for name in self.contents]
            self.entry = replace(self.entry, md5={path.name: md5(path) for path in published})
            return published
        members = {archive.member.format(name=name): name for name in self.contents}
        path = folder / archive.name
        if path.suffix == ".zip":
            with zipfile.ZipFile(path, "w") as file:
                for member, name in members.items():
                    file.writestr(member, gzip.compress(self.contents[name]))
        else:
            with tarfile.open(path, "w:gz") as file:
                for member, name in members.items():
                    header = tarfile.TarInfo(member)
                    header.size = len(self.contents[name])
                    file.addfile(header, io.BytesIO(self.contents[name]))
        self.entry = replace(self.entry, archive=replace(archive, md5=md5(path)))
        return [path]


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


NEW = ("kmnist", "emnist_balanced", "emnist_letters", "cifar10")


@pytest.fixture(params=NEW)
def made(request, tmp_path, monkeypatch):
    """A data set that a server on loopback publishes, in the place of the real one."""
    made = Made(request.param)
    published = made.publish(tmp_path / "server")
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "server")
    monkeypatch.setenv("no_proxy", "*")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        if made.entry.archive is None:
            known = getattr(torchvision.datasets, made.entry.torchvision_class)
            monkeypatch.setattr(known, "mirrors", [url])
            monkeypatch.setattr(known, "resources", list(made.entry.md5.items()))
        elif made.entry.archive.url:
            archive = replace(made.entry.archive, url=f"{url}{published[0].name}")
            made.entry = replace(made.entry, archive=archive)
        else:
            known = getattr(torchvision.datasets, made.entry.torchvision_class)
            monkeypatch.setattr(known, "url", f"{url}{published[0].name}")
        monkeypatch.setitem(DATASETS, made.name, made.entry)
        yield made
        server.shutdown()


def assert_prepared(made: Made, raw, settings, tmp_path) -> None:
    """The images and labels come out as they were made, upright and from class 0."""
    side = made.images["test"].shape[-1]
    asked = settings | {"name": made.name, "directory": None, "input_size": side}
    output = tmp_path / "out.safetensors"
    prepare(asked | {"validation_size": 0}, raw, output, tmp_path / "out.json")
    data = load(output)
    for split in ("training", "test"):
        found = getattr(data, split)
        assert torch.equal(found.images, torch.from_numpy(made.images[split]))
        assert found.labels.tolist() == made.labels[split].tolist()
    assert data.class_names == made.entry.class_names


def test_a_download_is_prepared_and_kept_and_damage_to_it_is_seen(made, settings, tmp_path, flip):
    cache = tmp_path / "cache"
    raw = sources.fetch(made.name, "auto", None, cache)
    assert raw.source == "torchvision"
    assert_prepared(made, raw, settings, tmp_path)
    shutil.rmtree(tmp_path / "server")
    raw = sources.fetch(made.name, "auto", None, cache)
    assert raw.source == "cache"
    assert {name: path.read_bytes() for name, path in raw.paths.items()} == made.contents
    kept = cache / made.name / made.entry.test_files[0]
    kept.write_bytes(flip(kept.read_bytes(), 30))
    with pytest.raises(UserError, match=f"{kept} is refused: expected SHA-256"):
        sources.fetch(made.name, "cache", None, cache)
    (cache / made.name / sources.RECORD).unlink()
    with pytest.raises(UserError, match=r"has no sha256.json that says what its files were"):
        sources.fetch(made.name, "cache", None, cache)


def test_a_download_with_another_checksum_is_refused_and_nothing_is_kept(made, tmp_path, flip):
    published = next((tmp_path / "server").iterdir())
    published.write_bytes(flip(published.read_bytes(), 40))
    with pytest.raises(UserError, match=f"cannot get {made.name}; torchvision: ") as error:
        sources.fetch(made.name, "torchvision", None, tmp_path / "cache")
    assert "\n" not in str(error.value)
    assert not any(path.is_file() for path in (tmp_path / "cache").rglob("*"))


def test_a_folder_with_what_is_published_needs_no_network(made, settings, tmp_path, flip):
    folder = tmp_path / "server"
    raw = sources.fetch(made.name, "directory", folder, tmp_path / "cache")
    assert raw.source == "directory"
    assert_prepared(made, raw, settings, tmp_path)
    published = next(folder.iterdir())
    published.write_bytes(flip(published.read_bytes(), 40))
    with pytest.raises(UserError, match=f"{published} is refused: expected MD5"):
        sources.fetch(made.name, "directory", folder, tmp_path / "cache")


def test_unpacked_files_are_taken_with_a_warning(made, settings, tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    for name, content in made.contents.items():
        (tmp_path / name).write_bytes(content)
    raw = sources.fetch(made.name, "directory", tmp_path, tmp_path / "cache")
    assert caplog.text.count("no checksum of it is published") == len(made.contents)
    assert_prepared(made, raw, settings, tmp_path)
    last = tmp_path / made.entry.test_files[-1]
    last.write_bytes(last.read_bytes()[:-1])
    with pytest.raises(UserError, match=str(last)):
        assert_prepared(made, raw, settings, tmp_path)


def test_a_label_of_no_class_is_refused(made, settings, tmp_path):
    first = made.entry.first_label
    for name, content in made.contents.items():
        (tmp_path / name).write_bytes(content)
    name = made.entry.training_files[1 if made.entry.format == "idx" else 0]
    content = bytearray((tmp_path / name).read_bytes())
    content[8 if made.entry.format == "idx" else 0] = made.entry.classes + first
    (tmp_path / name).write_bytes(content)
    raw = sources.fetch(made.name, "directory", tmp_path, tmp_path / "cache")
    with pytest.raises(UserError, match=f"labels from .* {made.name}'s {made.entry.classes} clas"):
        assert_prepared(made, raw, settings, tmp_path)


@pytest.mark.parametrize("name", NEW)
def test_torchvision_knows_the_same_checksums_and_classes(name):
    entry = DATASETS[name]
    if name == "cifar10":  # torchvision has the same data as a pickle, in the same place
        place = torchvision.datasets.CIFAR10.url.rpartition("/")[0]
        assert entry.archive.url == f"{place}/{entry.archive.name}"
        assert (len(entry.archive.md5), entry.classes, entry.channels) == (32, 10, 3)
        return
    known = getattr(torchvision.datasets, entry.torchvision_class)
    if entry.archive:
        assert entry.archive.md5 == known.md5
        assert entry.archive.name == known.url.rpartition("/")[2]
        classes = known.classes_split_dict[name.removeprefix("emnist_")]
        assert list(entry.class_names) == [label for label in classes if label != "N/A"]
    else:
        assert dict(known.resources) == entry.md5
        assert list(entry.class_names) == known.classes


def test_channels_may_be_asked_for(settings):
    asked = settings | {"name": "cifar10"}
    assert (describe(asked).channels, describe(asked | {"channels": 1}).channels) == (3, 1)
