"""Where results may go: to the folder results, or outside the project."""

from pathlib import Path

import pytest
from test_config import ROOT, message

from blocklab.errors import UserError
from blocklab.study.config import resolve_config


@pytest.mark.parametrize(
    ("outdir", "reason"),
    [
        (".", "holds the project itself"),
        ("..", "holds the project itself"),
        ("/", "holds the project itself"),
        ("results/..", "holds the project itself"),
        ("workflow", "is a part of the project"),
        ("results/../docs/mine", "is a part of the project"),
        (str(ROOT / ".git" / "x"), "is a part of the project"),
        ("mine", "is a part of the project"),
        ("Results", "is a part of the project"),
        ("config.yaml", "is a file"),
        ("config.yaml/mine", "is a part of the project"),
        ("/dev/null/mine", "cannot be made, '/dev/null' is no folder to write to"),
        ("results\nx", "has control characters"),
        ("results\x1b[2J", "has control characters"),
        ("results/{pack}", "has one of {}<>"),
        ("results/<b>", "has one of {}<>"),
    ],
)
def test_results_do_not_go_among_the_project(config, monkeypatch, outdir, reason):
    monkeypatch.chdir(ROOT)
    config["outdir"] = outdir
    with pytest.raises(UserError, match=reason) as error:
        resolve_config(config)
    assert str(error.value).startswith("outdir: ")
    assert str(error.value).isprintable()


@pytest.mark.parametrize("outdir", ["results", "results/demo", "./results//a/../b/", "OUTSIDE"])
def test_results_go_to_the_folder_results_or_elsewhere(config, monkeypatch, tmp_path, outdir):
    monkeypatch.chdir(ROOT)
    config["outdir"] = outdir.replace("OUTSIDE", str(tmp_path / "new"))
    assert resolve_config(config)["outdir"] == str(Path(config["outdir"]))


def test_a_folder_is_named_from_where_snakemake_works(config, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    config["outdir"] = "workflow"
    assert resolve_config(config)["outdir"] == "workflow"
    config["outdir"] = "../" + tmp_path.name
    assert message(config).endswith("holds the project itself; name a folder of its own")


def test_a_link_into_the_project_is_seen_through(config, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    (tmp_path / "link").symlink_to(ROOT / "workflow")
    config["outdir"] = str(tmp_path / "link" / "results")
    with pytest.raises(UserError, match="is a part of the project"):
        resolve_config(config)
