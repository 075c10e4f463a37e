"""The tables of explanations of a study that nobody ran, for tests of what pages say and draw."""

import math
from collections.abc import Sequence
from itertools import combinations_with_replacement

import pandas as pd

NETWORKS = ("exp3", "vgg", "csp")
BASELINES = ("black", "blurred", "mean", "expected")
MEASURES = {
    "images": 110,
    "checked": 20,
    "ink": 0.19,
    "steps_median": 50,
    "steps_most": 100,
    "completeness_median": 0.0005,
    "completeness_p95": 0.004,
    "complete": True,
    "pixel_error": 0.02,
    "share_against": 0.25,
    "smoothness": 0.5,
    "gain_black": 0.3,
    "gain_road": 0.2,
    "brightness_gain_black": 0.25,
    "brightness_gain_road": 0.15,
    "randomised_signed": 0.02,
    "randomised_absolute": 0.4,
    "off_ink_black": 0.0,
    "off_ink_blurred": 0.2,
    "off_ink_mean": 0.35,
    "off_ink_expected": 0.4,
    "correlation_blurred": 0.8,
    "correlation_mean": 0.7,
    "correlation_expected": 0.6,
    "black_class": 1,
    "black_probability": 0.4,
    "mean_class": 8,
    "mean_probability": 0.3,
    "tie_effect": math.nan,
}
# What differs between the networks: exp3 marks strokes, vgg marks spots, csp has ties in its pools.
OWN = {
    "exp3": {"share_against": 0.16, "smoothness": 0.75},
    "vgg": {"share_against": 0.30, "smoothness": 0.37},
    "csp": {"black_probability": 0.994, "tie_effect": 0.24, "completeness_p95": 0.2},
}
AGREEMENT = {"exp3": 0.76, "vgg": 0.36, "csp": 0.3}  # with other seeds of itself
WITH_BRIGHTNESS = {"exp3": 0.48, "vgg": 0.4, "csp": 0.2}


def made_explanations(networks: Sequence[str] = NETWORKS, seeds: int = 1) -> pd.DataFrame:
    """Return explanations.csv: a row per network and seed; seeds differ by 0.01 in two measures."""
    rows = []
    for network in networks:
        for seed in range(seeds):
            row = {"network": network, "seed": seed} | MEASURES | OWN.get(network, {})
            row["complete"] = row["completeness_p95"] < 0.01
            row["share_against"] += 0.01 * seed
            row["smoothness"] += 0.01 * seed
            for measure in ("share_against", "smoothness"):  # intervals over images
                row |= {
                    f"{measure}_low": row[measure] - 0.02,
                    f"{measure}_high": row[measure] + 0.02,
                }
            rows.append(row)
    return pd.DataFrame(rows)


def made_agreement(networks: Sequence[str] = NETWORKS, seeds: int = 1) -> pd.DataFrame:
    """Return agreement.csv: a row per pair of networks, a network with itself, and brightness."""
    own = {name: AGREEMENT.get(name, 0.3) if seeds > 1 else math.nan for name in networks}
    rows = []
    for a, b in combinations_with_replacement(networks, 2):
        ceiling = math.sqrt(own[a] * own[b])
        agreement = own[a] if a == b else 0.3
        pairs = seeds * (seeds - 1) // 2 if a == b else seeds**2
        rows.append(_pair(a, b, pairs, agreement, agreement - 0.1, math.nan if a == b else ceiling))
    for name in networks:
        rows.append(_pair(name, "brightness", seeds, WITH_BRIGHTNESS.get(name, 0.2)))
    return pd.DataFrame(rows)


def _pair(a, b, pairs, agreement, partial=math.nan, ceiling=math.nan) -> dict:
    return {
        "network_a": a,
        "network_b": b,
        "pairs": pairs,
        "images": 110 if pairs else 0,
        "left_out": 0,
        "agreement": agreement,
        "agreement_low": agreement - 0.03,
        "agreement_high": agreement + 0.03,
        "partial": partial,
        "partial_low": partial - 0.03,
        "partial_high": partial + 0.03,
        "ceiling": ceiling,
        "of_ceiling": agreement / ceiling,
        "feature_agreement": 0.3 + 0 * agreement,
        "sign_agreement": 0.2 + 0 * agreement,
    }


def made_perturbation(networks: Sequence[str] = NETWORKS, seeds: int = 1) -> pd.DataFrame:
    """Return perturbation.csv: straight curves, that of the own order the steeper one."""
    rows = [
        {
            "network": network,
            "seed": seed,
            "fill": fill,
            "order": order,
            "kind": kind,
            "share": share,
            "probability": share**power if kind == "insertion" else (1 - share) ** (1 / power),
            "images": 20,
        }
        for network in networks
        for seed in range(seeds)
        for fill in ("black", "road")
        for order, power in (("own", 0.5), ("brightness", 0.8))
        for kind in ("deletion", "insertion")
        for share in (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
    ]
    return pd.DataFrame(rows)


def made_randomisation(networks: Sequence[str] = NETWORKS, seeds: int = 1) -> pd.DataFrame:
    """Return randomisation.csv: three layers, the map lost step by step."""
    steps = (("trained", 1.0, 1.0), ("linear", 0.4, 0.6), ("conv2", 0.1, 0.5), ("conv1", 0.02, 0.4))
    rows = [
        {"network": network, "seed": seed, "depth": depth, "layer": layer}
        | {"signed": signed, "absolute": absolute}
        for network in networks
        for seed in range(seeds)
        for depth, (layer, signed, absolute) in enumerate(steps)
    ]
    return pd.DataFrame(rows)


def made_baselines(networks: Sequence[str] = NETWORKS) -> pd.DataFrame:
    """Return baselines.csv: the order of networks holds but for the mean image."""
    return pd.DataFrame(
        {
            "baseline": BASELINES,
            "networks": len(networks) - 1,
            "order_correlation": [1.0, 1.0, 0.33, 1.0],
            "off_ink": [0.0, 0.2, 0.35, 0.4],
        }
    )


MADE = {
    "explanations": made_explanations,
    "agreement": made_agreement,
    "perturbation": made_perturbation,
    "randomisation": made_randomisation,
    "baselines": made_baselines,
}
