"""Weights of a pack of seeds as one safetensors file: every tensor has a leading seed axis."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from blocklab.errors import UserError
from blocklab.networks.network import Layer, build
from blocklab.tensors import Damaged, load_tensors, save_tensors


def save_weights(path: Path, networks: Sequence[nn.Module], seeds: Sequence[int]) -> None:
    """Stack the networks' parameters and buffers in the order of `seeds` and write them."""
    states = [network.state_dict() for network in networks]
    stacked = {name: torch.stack([state[name].cpu() for state in states]) for name in states[0]}
    save_tensors(path, stacked, {"seeds": list(seeds)})


def load_weights(path: Path, layers: list[Layer], seeds: Sequence[int]) -> list[nn.Module]:
    """Return the networks that were trained with `seeds`, in their order, on the processor.

    Raises UserError if the file is damaged, has no such seed or belongs to another network.
    """
    networks = []
    try:
        tensors, notes = load_tensors(path)
        for seed in seeds:
            position = notes["seeds"].index(seed)
            network = build(layers)
            network.load_state_dict({name: value[position] for name, value in tensors.items()})
            networks.append(network)
    except (FileNotFoundError, Damaged, KeyError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: not the weights of this network ({reason}); delete it") from None
    return networks
