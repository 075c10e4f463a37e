"""Weights of a pack of seeds as one safetensors file: every tensor has a leading seed axis."""

from pathlib import Path

import torch
from torch import nn

from blocklab.errors import UserError
from blocklab.tensors import Damaged, load_tensors, save_tensors


def save_weights(path: Path, networks: list[nn.Module], seeds: list[int]) -> None:
    """Stack the networks' parameters and buffers in the order of `seeds` and write them."""
    states = [network.state_dict() for network in networks]
    stacked = {name: torch.stack([state[name].cpu() for state in states]) for name in states[0]}
    save_tensors(path, stacked, {"seeds": seeds})


def load_weights(path: Path, network: nn.Module, seed: int) -> nn.Module:
    """Put the weights of one of the pack's seeds into `network`; return it.

    Raises UserError if the file is damaged or belongs to another network.
    """
    try:
        tensors, notes = load_tensors(path)
        position = notes["seeds"].index(seed)
        network.load_state_dict({name: value[position] for name, value in tensors.items()})
    except (FileNotFoundError, Damaged, KeyError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: not the weights of this network ({reason}); delete it") from None
    return network
