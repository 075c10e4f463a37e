"""A key that is written twice in a config file is told, with both lines."""

import pytest

from blocklab.errors import UserError
from blocklab.files import PROJECT
from blocklab.study.written_once import check_written_once


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("training:\n  epochs: 2\nseeds: {}\ntraining: {}\n", "training: written twice in "),
        ("networks:\n  vgg:\n    layers:\n      - conv: {out: 1, out: 2}\n",
         "networks.vgg.layers.conv.out: written twice in "),
    ],
)  # fmt: skip
def test_a_key_that_is_written_twice(tmp_path, text, line):
    file = tmp_path / "study.yaml"
    file.write_text(text)
    with pytest.raises(UserError) as error:
        check_written_once(file)
    assert str(error.value).startswith(f"{line}{file}, in lines ")


def test_lines_count_from_one(tmp_path):
    file = tmp_path / "study.yaml"
    file.write_text("a: 1\nb: 2\na: 3\n")
    with pytest.raises(UserError, match="in lines 1 and 3; keep one"):
        check_written_once(file)


def test_what_is_no_yaml_is_for_others_to_refuse(tmp_path):
    for text in ("", "a: [", "\tb"):
        (tmp_path / "study.yaml").write_text(text)
        check_written_once(tmp_path / "study.yaml")


@pytest.mark.parametrize("file", [PROJECT / "config.yaml", *(PROJECT / "studies").glob("*.yaml")])
def test_ours_are_written_once(file):
    check_written_once(file)
