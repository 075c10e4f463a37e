"""What the page's scripts are given: exact, within its size, and no more than data."""

import base64
import gzip
import json

import numpy as np
from made_up_page import HOSTILE, made_up_runs

from blocklab.report.page.attributions import attributions_for_page
from blocklab.report.page.embedding import as_json, packed


def unpacked(text: str) -> np.ndarray:
    """Undo `packed` of floats, written from its description alone."""
    planes = np.frombuffer(gzip.decompress(base64.b64decode(text)), np.uint8).reshape(4, -1)
    return np.frombuffer(planes.T.tobytes(), "<f4")


def test_floats_come_back_to_the_last_bit():
    values = np.array([[1e-42, -0.1, np.nan], [np.inf, 0.0, 3.4e38]], np.float32)
    assert unpacked(packed(values)).tobytes() == values.tobytes()
    assert packed(values) == packed(values.copy())
    assert gzip.decompress(base64.b64decode(packed(np.uint8([[3, 4]])))) == b"\x03\x04"


def test_json_holds_no_tag_and_no_number_that_json_lacks():
    data = {"name": HOSTILE, "values": np.array([1.5, np.nan]), 4: (np.int64(2), float("inf"))}
    text = as_json(data)
    assert not set("<>&") & set(text)
    assert json.loads(text) == {"name": HOSTILE, "values": [1.5, None], "4": [2, None]}


def test_maps_are_stored_on_ink_alone_where_they_are_nothing_else():
    runs = made_up_runs()
    told, parts = attributions_for_page(runs, 10**7)
    run = runs["vgg", 4]
    inked = run["images"][:, 0] > 0
    assert np.array_equal(unpacked(parts["black-4-vgg"]), run["attributions"][:, 0][inked])
    assert np.array_equal(
        unpacked(parts["mean-4-vgg"]), run["baseline_attributions"][1, :, 0].ravel()
    )
    kinds = {group["kind"]: group for group in told["groups"]}
    assert list(kinds) == ["black", "randomised", "blurred", "mean", "expected"]
    assert kinds["black"] | {"whole": 0} == {"kind": "black", "seed": 4, "count": 13, "whole": 0}
    assert kinds["mean"]["count"] == 11 and all(kinds["mean"]["whole"].values())
    assert not any(kinds["randomised"]["whole"].values())
    assert told["left_out"] == []
    assert told["runs"][1]["predictions"][1] == 9


def test_a_map_of_a_colour_image_is_the_sum_over_its_channels():
    runs = made_up_runs(channels=3)
    _, parts = attributions_for_page(runs, 10**7)
    run = runs["exp3", 4]
    inked = (run["images"] > 0).any(axis=1)
    expected = run["attributions"].sum(axis=1)[inked]
    assert np.array_equal(unpacked(parts["black-4-exp3"]), expected)


def test_what_does_not_fit_is_left_out_whole_and_named():
    runs = made_up_runs((4, 5))
    _, parts = attributions_for_page(runs, 10**7)
    black = sum(len(parts[f"black-4-{network}"]) for network in ("exp3", "vgg", "csp"))
    told, fitting = attributions_for_page(runs, len(parts["images"]) + black)
    assert [(group["kind"], group["seed"]) for group in told["groups"]] == [("black", 4)]
    assert {"kind": "black", "seed": 5} in told["left_out"] and len(told["left_out"]) == 9
    assert set(fitting) == {"images", *(f"black-4-{name}" for name in ("exp3", "vgg", "csp"))}
    told, _ = attributions_for_page(runs, len(parts["images"]) + black - 1)
    assert told["groups"][0]["count"] == 11  # the checked ones
    told, _ = attributions_for_page(runs, 0)
    assert told["groups"] == []


def test_a_network_that_diverged_is_shown_as_what_it_is():
    runs = made_up_runs()
    runs["csp", 4]["attributions"][:] = np.nan
    told, parts = attributions_for_page(runs, 10**7)
    assert np.isnan(unpacked(parts["black-4-csp"])).all()
    assert told["groups"][0]["whole"]["csp"]
