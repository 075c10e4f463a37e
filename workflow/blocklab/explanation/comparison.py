"""The tables of how far the explanations of a study's networks agree."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from blocklab.errors import UserError
from blocklab.explanation.agreement import partial_correlations, rank_correlations
from blocklab.explanation.ink import BRIGHTNESS, by_pixel, ink
from blocklab.explanation.intervals import Resamples
from blocklab.explanation.top_share import top_agreement

# Every run is compared with every other, on every image: 100 networks of 100 seeds would be 50
# million pairs of runs.
MOST_RUNS = 300
LEAST_SEEDS = 2


@dataclass(frozen=True)
class Maps:
    """The maps of R runs, network by network, of the same M images.

    by_pixel: float32 [R, M, H, W], summed over channels. others: the same of the first `checked`
    images from each of the B other `baselines`, [R, B, checked, H, W]. brightness: the bare images,
    [M, H, W]. seeds: how many runs each network has, in their order.
    """

    seeds: dict[str, int]
    by_pixel: np.ndarray
    baselines: list[str]
    others: np.ndarray
    brightness: np.ndarray
    ink: np.ndarray

    def runs(self, network: str) -> slice:
        """Return where a network's runs are."""
        names = list(self.seeds)
        first = sum(self.seeds[name] for name in names[: names.index(network)])
        return slice(first, first + self.seeds[network])


def read_maps(networks: Sequence[str], paths: Sequence[Path]) -> Maps:
    """Return the maps of every run's attributions.npz; the arguments are parallel.

    The runs of a network follow each other, in the order of its seeds. Of more than MOST_RUNS are
    the first seeds of each network, as many as that allows, but at least LEAST_SEEDS. Raises
    UserError if two of these runs explain different images.
    """
    most = max(LEAST_SEEDS, MOST_RUNS // len(set(networks)))
    seeds: Counter[str] = Counter()
    first, maps, others = None, [], []
    for network, path in zip(networks, paths, strict=True):
        if seeds[network] == most:
            continue
        seeds[network] += 1
        with np.load(path) as file:
            shown = {key: file[key] for key in ("indices", "images", "baselines", "checked")}
            first = first or shown
            if any(not np.array_equal(shown[key], first[key]) for key in shown):
                raise UserError(
                    f"{path}: explains other images, or from other baselines, than the other runs; "
                    "remove it, and it is made again"
                )
            maps.append(by_pixel(file["attributions"]).astype(np.float32))
            others.append(by_pixel(file["baseline_attributions"]).astype(np.float32))
    return Maps(
        seeds=dict(seeds),
        by_pixel=np.stack(maps),
        baselines=[str(name) for name in first["baselines"]],
        others=np.stack(others),
        brightness=first["images"].sum(axis=1, dtype=np.float32),
        ink=ink(first["images"]),
    )


def tabulate_agreement(maps: Maps) -> pd.DataFrame:
    """Return a row per pair of networks, a network with itself among them, and with brightness.

    agreement: the mean over images and pairs of runs of Spearman's correlation on ink
    (`rank_correlations`), partial: the same given brightness (`partial_correlations`), each with
    its 95 % interval over images and seeds (`Resamples.interval`). feature_agreement and
    sign_agreement: `top_agreement`. A network is compared with its own other seeds: NaN if it has
    one. The row of a network and "brightness" compares it with a map that is the bare image.

    ceiling: what two networks could reach, as seeds of one network agree no better: the geometric
    mean of the two own agreements. That is Spearman's correction for attenuation (1904, the same
    article as his correlation), seeds being the repetitions. NaN if one is missing, or its interval
    is not above 0. of_ceiling: agreement / ceiling.

    pairs: of runs. images: on how many at least one pair could be compared. left_out: how many
    comparisons, of a pair of runs on an image, could not be made: a map was constant or not
    finite, or the image has hardly any ink.
    """
    every = [_measure(*image) for image in _on_ink(maps)]
    measures = {name: np.stack([image[name] for image in every], axis=-1) for name in every[0]}
    resamples = Resamples(len(every), maps.seeds)
    rows = []
    pairs = [*combinations_with_replacement(maps.seeds, 2)]
    for a, b in pairs + [(network, None) for network in maps.seeds]:
        runs = maps.runs(a), maps.runs(b) if b else slice(-1, None)
        rows.append(_row(a, b, {key: each[runs] for key, each in measures.items()}, resamples))
    table = pd.DataFrame(rows)
    own = table[table["network_a"] == table["network_b"]].set_index("network_a")
    own = own["agreement"].where(own["agreement_low"] > 0)
    table["ceiling"] = np.sqrt(table["network_a"].map(own) * table["network_b"].map(own))
    table.loc[table["network_a"] == table["network_b"], "ceiling"] = np.nan
    table["of_ceiling"] = table["agreement"] / table["ceiling"]
    last = ["feature_agreement", "sign_agreement"]
    return table[[*table.columns.drop(last), *last]]


def _on_ink(maps: Maps) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the maps of every run on an image's ink pixels, [R, P], and its brightness, [P]."""
    for image, inked in enumerate(maps.ink):
        yield maps.by_pixel[:, image, inked], maps.brightness[image, inked]


def _measure(maps: np.ndarray, brightness: np.ndarray) -> dict[str, np.ndarray]:
    """Return each measure of all pairs of runs on one image, [R + 1, R + 1]; brightness is last."""
    every = np.vstack([maps, brightness])
    correlations = rank_correlations(every)
    feature, sign = top_agreement(every)
    return {
        "agreement": correlations,
        "partial": partial_correlations(correlations, correlations[-1]),
        "feature_agreement": feature,
        "sign_agreement": sign,
    }


def _row(a: str, b: str | None, measures: dict[str, np.ndarray], resamples: Resamples) -> dict:
    found = {name: resamples.interval(values, a, b) for name, values in measures.items()}
    known = ~np.isnan(measures["agreement"])
    if a == b:
        # Each pair of seeds is there twice, and every seed with itself.
        known = known[np.triu_indices(len(known), k=1)]
    else:
        known = known.reshape(-1, known.shape[-1])
    row = {"network_a": a, "network_b": b or BRIGHTNESS, "pairs": len(known)}
    row |= {"images": int(known.any(axis=0).sum()), "left_out": int((~known).sum())}
    for name in ("agreement", "partial"):
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), found[name], strict=True))
    return row | {name: found[name][0] for name in ("feature_agreement", "sign_agreement")}


def tabulate_baselines(maps: Maps, explanations: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Return a row per baseline image: whether the order of networks holds under it.

    On the checked images the agreement of every other network with the study's baseline network is
    measured as in `tabulate_agreement`, with both networks' maps from that baseline image.
    order_correlation: Kendall's tau-b of these agreements with those from the black image; 1 if the
    order is the same, NaN with fewer than two other networks. networks: how many are ordered.
    off_ink: the mean over runs of the share of absolute attribution off the ink.
    """
    checked = maps.others.shape[2]
    sets = {"black": maps.by_pixel[:, :checked]}
    sets |= {name: maps.others[:, index] for index, name in enumerate(maps.baselines)}
    orders = {name: _agreement_with(baseline, maps, those) for name, those in sets.items()}
    rows = []
    for name, order in orders.items():
        both = ~np.isnan(order) & ~np.isnan(orders["black"])
        tau = np.nan
        if both.sum() > 1:
            tau = stats.kendalltau(order[both], orders["black"][both]).statistic
        row = {"baseline": name, "networks": int(both.sum()), "order_correlation": tau}
        rows.append(row | {"off_ink": explanations[f"off_ink_{name}"].mean()})
    return pd.DataFrame(rows)


def _agreement_with(baseline: str, maps: Maps, those: np.ndarray) -> np.ndarray:
    """Return each other network's mean agreement with the baseline network; maps: [R, M, H, W]."""
    inked = maps.ink[: those.shape[1]]
    every = np.stack([rank_correlations(those[:, m, on]) for m, on in enumerate(inked)], axis=-1)
    pairs = [every[maps.runs(baseline), maps.runs(name)] for name in maps.seeds if name != baseline]
    return np.array([np.nan if np.isnan(pair).all() else np.nanmean(pair) for pair in pairs])
