"""Weights of a pack of seeds as one safetensors file: every tensor has a leading seed axis."""

from pathlib import Path

import torch
from torch import nn

from blocklab.errors import UserError
from blocklab.files import write_atomically


def save_weights(path: Path, networks: list[nn.Module], seeds: list[int]) -> None:
    """Stack the networks' parameters and buffers in the order of `seeds` and write them."""
    from safetensors.torch import save_file

    states = [network.state_dict() for network in networks]
    stacked = {
        name: torch.stack([state[name].cpu() for state in states]).contiguous()
        for name in states[0]
    }
    with write_atomically(path) as temporary:
        save_file(stacked, temporary, metadata={"seeds": ",".join(map(str, seeds))})


def load_weights(path: Path, network: nn.Module, position: int) -> nn.Module:
    """Put the weights of the seed at `position` of the pack into `network`; return it.

    Raises UserError if the file is unreadable or belongs to another network.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            state = {name: file.get_slice(name)[position] for name in file.keys()}  # noqa: SIM118
        network.load_state_dict(state)
    except (OSError, SafetensorError, RuntimeError, IndexError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: not the weights of this network ({reason}); delete it") from None
    return network
