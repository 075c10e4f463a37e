"""Whether an explanation depends on what the network learned.

Adebayo et al. 2018, Sanity Checks for Saliency Maps, arXiv 1810.03292: layers are
re-initialised one after the other from the output down, and each time the map is compared with the
trained network's. One that stays the same shows the image, not the network.
"""

import copy
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from torch import nn

from blocklab.explanation.agreement import ink_correlation
from blocklab.explanation.ink import by_pixel
from blocklab.networks.network import Layer, initialise

# Above every seed that a config may name, so no run began with these weights; and within the 32
# bits of a seed that torch takes on a processor.
OTHER_SEED = 2**31


def randomise(
    network: nn.Module, layers: list[Layer], seed: int
) -> Iterator[tuple[int, str, nn.Module]]:
    """Yield (depth, layer name, network) with ever more layers re-initialised, from the last up.

    network: as `build` makes it of `layers`; it stays as it is. seed: the run's; fresh weights are
    drawn from another, as training does, and statistics of batch normalisation are fresh, too.
    Depth 1 is the last layer that has weights, depth 2 the last two; at the last depth nothing
    trained is left. The name is that of the module reached, such as "09_linear".
    """
    fresh = initialise(layers, seed + OTHER_SEED)
    weighted = [name for name, layer in fresh.named_children() if layer.state_dict()]
    changed = copy.deepcopy(network)
    for depth, name in enumerate(reversed(weighted), start=1):
        changed.get_submodule(name).load_state_dict(fresh.get_submodule(name).state_dict())
        yield depth, name, copy.deepcopy(changed)


def correlations(maps: np.ndarray, others: np.ndarray, images: np.ndarray) -> dict[str, float]:
    """Return the mean Spearman correlation of maps on ink, `signed` and `absolute`.

    All are [M, C, H, W]; maps are summed over channels. NaN where no image can be compared. Chance
    is 0 for signed ones. For absolute ones it is not: in Integrated Gradients the pixel itself is a
    factor, so maps of networks that share nothing agree on where the image is bright.
    """
    pixels, other = by_pixel(maps)[:, None], by_pixel(others)[:, None]
    return {
        "signed": ink_correlation(pixels, other, images),
        "absolute": ink_correlation(np.abs(pixels), np.abs(other), images),
    }


def randomisation_rows(
    network: nn.Module,
    layers: list[Layer],
    seed: int,
    maps: np.ndarray,
    images: np.ndarray,
    explain_maps: Callable[[nn.Module], np.ndarray],
) -> tuple[pd.DataFrame, nn.Module]:
    """Return one row per depth of `randomise`, and the network with nothing trained left.

    maps: the trained network's of images, both [M, C, H, W]. explain_maps: takes a network to its
    maps of the same images. Columns: depth (0: as trained), layer ("trained" at depth 0), and
    signed, absolute: the `correlations` with the trained maps.
    """
    changed = network
    rows = [{"depth": 0, "layer": "trained"} | correlations(maps, maps, images)]
    for depth, layer, changed in randomise(network, layers, seed):
        others = explain_maps(changed)
        rows.append({"depth": depth, "layer": layer} | correlations(maps, others, images))
    return pd.DataFrame(rows), changed
