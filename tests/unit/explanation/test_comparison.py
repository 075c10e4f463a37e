"""The tables of agreement, from the files of made-up runs: planted cases and small ones by hand."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from blocklab.errors import UserError
from blocklab.explanation.comparison import (
    read_maps,
    tabulate_agreement,
    tabulate_baselines,
)
from blocklab.files import write_arrays

IMAGES, CHECKED, SIZE = 12, 4, 12
BASELINES = ("blurred", "mean", "expected")
rng = np.random.default_rng(0)
PICTURES = rng.integers(1, 255, (IMAGES, 1, SIZE, SIZE)).astype(np.uint8)
PICTURES[..., : SIZE // 2] = 0


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=PICTURES.shape).astype(np.float32)


def read(folder: Path, runs: dict[str, list[np.ndarray]], images=PICTURES, others=None):
    """Return the maps of runs that have these, and these from every other baseline image."""
    networks, paths = [], []
    for network, maps in runs.items():
        for seed, own in enumerate(maps):
            path = folder / network / f"seed{seed}" / "attributions.npz"
            networks.append(network)
            paths.append(path)
            other = (others or {}).get(network, [own[:CHECKED]] * 3)
            write_arrays(
                path,
                indices=np.arange(len(images)),
                images=images,
                checked=np.array(CHECKED),
                attributions=own,
                baselines=np.array(BASELINES),
                baseline_attributions=np.stack(other),
            )
    return read_maps(networks, paths)


def rows(table: pd.DataFrame) -> dict[tuple[str, str], dict]:
    return {(row["network_a"], row["network_b"]): row for row in table.to_dict("records")}


def test_a_network_whose_map_is_the_image_is_exposed_by_brightness(tmp_path):
    bare = PICTURES.astype(np.float32) / 255
    found = rows(tabulate_agreement(read(tmp_path, {"honest": [noise(1)], "bare": [bare]})))
    exposed = found["bare", "brightness"]
    assert exposed["agreement"] == pytest.approx(1) and exposed["feature_agreement"] == 1
    assert abs(found["honest", "brightness"]["agreement"]) < 0.2
    # Nothing of it is left when brightness is taken out.
    assert math.isnan(found["honest", "bare"]["partial"]) and math.isnan(exposed["partial"])
    mixed = bare + 0.01 * noise(2)
    other = bare + 0.01 * noise(3)
    both = rows(tabulate_agreement(read(tmp_path, {"a": [mixed], "b": [other]})))["a", "b"]
    assert both["agreement"] > 0.98 and abs(both["partial"]) < 0.2


def test_copies_of_one_network_agree_fully_and_reach_their_ceiling(tmp_path):
    found = rows(tabulate_agreement(read(tmp_path, {"a": [noise(1)] * 2, "b": [noise(1)] * 2})))
    for pair, runs in {("a", "a"): 1, ("a", "b"): 4, ("b", "b"): 1}.items():
        row = found[pair]
        assert (row["pairs"], row["images"], row["left_out"]) == (runs, IMAGES, 0)
        for name in ("agreement", "partial", "feature_agreement", "sign_agreement"):
            assert row[name] == pytest.approx(1)
    assert found["a", "b"]["ceiling"] == pytest.approx(1)
    assert found["a", "b"]["of_ceiling"] == pytest.approx(1)


def test_the_ceiling_is_the_geometric_mean_of_what_seeds_of_each_reach(tmp_path):
    shared = noise(0)
    runs = {
        "steady": [shared + 0.5 * noise(seed) for seed in (1, 2, 3)],
        "fickle": [shared + 2 * noise(seed) for seed in (4, 5, 6)],
        "random": [noise(7), -noise(7), noise(8)],  # its seeds disagree: below 0
    }
    table = tabulate_agreement(read(tmp_path, runs))
    found = rows(table)
    own = [found[name, name]["agreement"] for name in ("steady", "fickle")]
    between = found["steady", "fickle"]
    assert own[0] > 0.7 and 0.1 < own[1] < 0.4
    assert between["ceiling"] == pytest.approx(math.sqrt(own[0] * own[1]))
    assert between["of_ceiling"] == pytest.approx(between["agreement"] / between["ceiling"])
    assert between["of_ceiling"] == pytest.approx(1, abs=0.15)  # they differ by noise alone
    assert between["agreement_low"] < between["agreement"] < between["agreement_high"]
    assert found["random", "random"]["agreement"] < 0
    assert math.isnan(found["fickle", "random"]["ceiling"])
    assert table["network_b"].tolist()[-3:] == ["brightness"] * 3


def test_with_one_seed_the_ceiling_is_unknown(tmp_path):
    found = rows(tabulate_agreement(read(tmp_path, {"a": [noise(1)], "b": [noise(2)]})))
    own, between = found["a", "a"], found["a", "b"]
    assert (own["pairs"], own["images"]) == (0, 0)
    assert math.isnan(own["agreement"]) and math.isnan(own["agreement_low"])
    assert between["pairs"] == 1
    assert math.isnan(between["ceiling"]) and math.isnan(between["of_ceiling"])
    assert between["agreement_low"] <= between["agreement"] <= between["agreement_high"]


def test_maps_that_cannot_be_compared_are_left_out_and_counted(tmp_path):
    flat = noise(1)
    flat[:3] = 0.5
    broken = np.full_like(flat, np.nan)
    pictures = PICTURES.copy()
    pictures[-1] = 0  # no ink at all
    runs = {"a": [noise(2)], "flat": [flat], "broken": [broken]}
    found = rows(tabulate_agreement(read(tmp_path, runs, pictures)))
    assert (found["a", "flat"]["images"], found["a", "flat"]["left_out"]) == (IMAGES - 4, 4)
    assert not math.isnan(found["a", "flat"]["agreement"])
    assert found["a", "broken"]["left_out"] == IMAGES
    assert math.isnan(found["a", "broken"]["agreement"])


def test_colour_is_compared_by_pixel(tmp_path):
    split = rng.normal(size=PICTURES.shape)
    colour = np.concatenate([noise(1) - split, split, 0 * split], axis=1).astype(np.float32)
    pictures = np.repeat(PICTURES, 3, axis=1)
    grey = np.concatenate([noise(1), 0 * split, 0 * split], axis=1).astype(np.float32)
    found = rows(tabulate_agreement(read(tmp_path, {"a": [colour], "b": [grey]}, pictures)))
    assert found["a", "b"]["agreement"] == pytest.approx(1)


def test_the_order_of_networks_under_other_baselines(tmp_path):
    base, own = noise(1), noise(2)
    mixed = {"near": base + 0.2 * own, "far": base + 3 * own}
    turned = {"near": mixed["far"], "far": mixed["near"]}
    others = {
        name: [mixed[name][:CHECKED], turned[name][:CHECKED], np.full_like(base[:CHECKED], np.nan)]
        for name in mixed
    }
    maps = read(
        tmp_path, {"exp3": [base], **{name: [m] for name, m in mixed.items()}}, others=others
    )
    off_ink = {"off_ink_black": [0.0] * 3, "off_ink_blurred": [0.1, 0.2, 0.3]}
    explanations = pd.DataFrame(off_ink | {"off_ink_mean": 0.4, "off_ink_expected": math.nan})
    table = tabulate_baselines(maps, explanations, "exp3")
    assert table["baseline"].tolist() == ["black", *BASELINES]
    assert table["networks"].tolist() == [2, 2, 2, 0]
    assert table["order_correlation"].tolist()[:3] == pytest.approx([1, 1, -1])
    assert table["off_ink"].tolist()[:3] == pytest.approx([0, 0.2, 0.4])
    assert table.iloc[3][["order_correlation", "off_ink"]].isna().all()


def test_runs_that_explain_other_images_are_refused_in_one_line(tmp_path):
    read(tmp_path, {"a": [noise(1)]})
    read(tmp_path, {"b": [noise(1)]}, PICTURES[::-1])
    paths = [tmp_path / name / "seed0" / "attributions.npz" for name in ("a", "b")]
    with pytest.raises(UserError, match=r"b/seed0/attributions\.npz: explains other images"):
        read_maps(["a", "b"], paths)


def test_of_many_runs_the_first_seeds_of_each_network_are_compared(tmp_path, monkeypatch):
    monkeypatch.setattr("blocklab.explanation.comparison.MOST_RUNS", 6)
    maps = {
        name: [noise(10 * number + seed) for seed in range(5)] for number, name in enumerate("ab")
    }
    found = read(tmp_path, maps)
    assert found.seeds == {"a": 3, "b": 3}
    assert np.array_equal(found.by_pixel[3], noise(10).sum(axis=1))
    monkeypatch.setattr("blocklab.explanation.comparison.MOST_RUNS", 2)
    assert read(tmp_path, maps).seeds == {"a": 2, "b": 2}
