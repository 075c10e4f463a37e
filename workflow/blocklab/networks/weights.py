"""The weights of one trained network: its state dict as a safetensors file."""

from pathlib import Path

from torch import nn

from blocklab.errors import UserError
from blocklab.networks.network import Layer, build
from blocklab.tensors import Damaged, load_tensors, save_tensors


def save_weights(path: Path, network: nn.Module, seed: int) -> None:
    """Write the network's parameters and buffers, with a note of the seed it was trained from."""
    save_tensors(path, network.state_dict(), {"seed": seed})


def load_weights(path: Path, layers: list[Layer], seed: int) -> nn.Module:
    """Return the network that was trained from `seed`, on the processor.

    Raises UserError if the file is damaged, of another seed or belongs to another network.
    """
    try:
        tensors, notes = load_tensors(path)
        if notes.get("seed") != seed:
            raise ValueError(f"they are not of seed {seed}")
        network = build(layers)
        network.load_state_dict(tensors)
    except (FileNotFoundError, Damaged, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: not the weights of this network ({reason}); delete it") from None
    return network
