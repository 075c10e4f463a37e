"""Files of tensors come back as they were, or not at all."""

import json
import resource
import struct

import pytest
import torch

from blocklab.tensors import Damaged, load_tensors, save_tensors

TENSORS = {
    "weight": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "half": torch.ones(3, dtype=torch.bfloat16),
    "count": torch.tensor(7),
    "state": torch.arange(5, dtype=torch.uint8),
    "nothing": torch.empty(0, 4, dtype=torch.int64),
    "turned": torch.arange(6.0).reshape(2, 3).t(),
}
NOTES = {"seeds": [1, 2], "history": "{}"}


def same(tensors) -> bool:
    return tensors.keys() == TENSORS.keys() and all(
        value.dtype == TENSORS[name].dtype and torch.equal(value, TENSORS[name])
        for name, value in tensors.items()
    )


def test_tensors_and_notes_come_back(tmp_path):
    path = tmp_path / "file.safetensors"
    save_tensors(path, TENSORS, NOTES)
    tensors, notes = load_tensors(path)
    assert same(tensors)
    assert notes == NOTES


def test_layers_may_share_weights(tmp_path):
    shared = torch.nn.Linear(2, 2)
    network = torch.nn.Sequential(shared, torch.nn.ReLU(), shared)
    save_tensors(tmp_path / "file", network.state_dict())
    network.load_state_dict(load_tensors(tmp_path / "file")[0])


def test_the_same_content_is_the_same_bytes(tmp_path):
    for name in "ab":
        save_tensors(tmp_path / name, TENSORS, NOTES)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_every_flipped_bit_is_noticed_or_without_effect(flip, tmp_path):
    path = tmp_path / "file.safetensors"
    save_tensors(path, TENSORS, NOTES)
    content = path.read_bytes()
    noticed = 0
    for position in range(len(content)):
        for bit in range(8):
            path.write_bytes(flip(content, position, bit))
            try:
                tensors, notes = load_tensors(path)
            except Damaged as error:
                assert "\n" not in str(error)
                noticed += 1
            else:
                assert same(tensors) and notes == NOTES
    assert noticed > 0.95 * 8 * len(content)


@pytest.mark.parametrize("length", [0, 5, 20, -1])
def test_a_part_of_a_file_is_damaged(tmp_path, length):
    path = tmp_path / "file.safetensors"
    save_tensors(path, TENSORS, NOTES)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(Damaged):
        load_tensors(path)


def test_files_of_others_prove_nothing(tmp_path):
    path = tmp_path / "file.safetensors"
    header = json.dumps({"__metadata__": {"format": "pt"}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(Damaged):
        load_tensors(path)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_tensors(tmp_path / "absent")


def test_what_the_system_refuses_is_an_error_of_the_system(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            save_tensors(tmp_path / "file.safetensors", TENSORS, NOTES)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())
