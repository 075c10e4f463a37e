"""The attributions that a page holds: exact, as many as its size allows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from blocklab.explanation.ink import by_pixel, ink
from blocklab.report.page.embedding import packed

Run = tuple[str, int]  # network and seed
RANDOMISED = "randomised"


def attributions_for_page(
    runs: Mapping[Run, Mapping[str, np.ndarray]], budget: int
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the page is told of the maps, and the packed arrays by their id.

    Args:
        runs: the arrays of every run's attributions.npz, in the study's order. Attributions are
            [M, C, H, W]; a map is their sum over channels, as in every figure.
        budget: characters that the packed arrays may take.

    Maps of one kind, of one seed, are there of every network or of none. First come those from a
    black image of the first seed, then its other kinds, then the other seeds. Where those of all
    images do not fit, those of the first do: the checked ones, the gallery, of the very first kind
    a half of it ... Runs of seeds without any are not told of.
    """
    first = next(iter(runs.values()))
    images, inked = first["images"], ink(first["images"])
    parts = {"images": packed(images)}
    room = budget - len(parts["images"])
    groups, left_out = [], []
    for kind, seed in _wanted(runs):
        # Packing takes long, and the maps of a kind take about as much with every seed.
        if kind in {group["kind"] for group in left_out}:
            left_out.append({"kind": kind, "seed": seed})
            continue
        maps = {
            network: _maps(run, kind)
            for (network, its_seed), run in runs.items()
            if its_seed == seed
        }
        available = len(next(iter(maps.values())))
        for count in _counts(first, available, few=not groups):
            arrays = {network: _stored(its[:count], inked[:count]) for network, its in maps.items()}
            new = {f"{kind}-{seed}-{name}": packed(values) for name, (values, _) in arrays.items()}
            size = sum(map(len, new.values()))
            if size <= room:
                room -= size
                whole = {name: whole for name, (_, whole) in arrays.items()}
                groups.append({"kind": kind, "seed": seed, "count": count, "whole": whole})
                parts |= new
                break
        else:
            left_out.append({"kind": kind, "seed": seed})
    told = {
        "shape": images.shape[1:],
        "gallery": first["gallery"],
        "checked": first["checked"],
        "labels": first["labels"],
        "indices": first["indices"],
        "groups": groups,
        "left_out": left_out,
        "runs": [
            {"network": network, "seed": seed} | _answers(run)
            for (network, seed), run in runs.items()
            if seed in {group["seed"] for group in groups}
        ],
    }
    return told, parts


def _wanted(runs: Mapping[Run, Mapping[str, np.ndarray]]) -> Iterator[tuple[str, int]]:
    """Yield kind and seed of the maps to store, the most asked for first."""
    seeds = list(dict.fromkeys(seed for _, seed in runs))
    kinds = [RANDOMISED, *map(str, next(iter(runs.values()))["baselines"])]
    yield "black", seeds[0]
    yield from ((kind, seeds[0]) for kind in kinds)
    yield from (("black", seed) for seed in seeds[1:])
    yield from ((kind, seed) for seed in seeds[1:] for kind in kinds)


def _maps(run: Mapping[str, np.ndarray], kind: str) -> np.ndarray:
    """Return a kind's maps, float32 [images, H, W]."""
    if kind == "black":
        return by_pixel(run["attributions"])
    if kind == RANDOMISED:
        return by_pixel(run[RANDOMISED])
    return by_pixel(run["baseline_attributions"][list(run["baselines"]).index(kind)])


def _counts(run: Mapping[str, np.ndarray], available: int, few: bool) -> Sequence[int]:
    """Return how many images' maps to try to store, falling; `few` if part of a gallery will do."""
    gallery = int(run["gallery"])
    counts = {available, int(run["checked"]), gallery}
    counts |= {gallery // 2, gallery // 4, 1} if few else set()
    return sorted((count for count in counts if 0 < count <= available), reverse=True)


def _stored(maps: np.ndarray, inked: np.ndarray) -> tuple[np.ndarray, bool]:
    """Return the values on ink alone if all others are 0, as from a black image; or else all."""
    whole = bool((maps[~inked] != 0).any())
    return (maps.reshape(-1) if whole else maps[inked]), whole


def _answers(run: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return what a run says of each image."""
    kinds = {"predictions": 0, "probabilities": 6, "margins": 3, "delta": 6, "steps": 0}
    return {
        name: np.round(run[name].astype(float), digits).tolist()
        if digits
        else run[name].astype(int).tolist()
        for name, digits in kinds.items()
    }
