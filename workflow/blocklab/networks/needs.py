"""What a training step needs, known before any."""

import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from blocklab.networks.network import Layer, Shape, build


class _AttentionWatcher(TorchFunctionMode):
    """Note whether attention was computed."""

    seen = False

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.seen |= function is F.scaled_dot_product_attention
        return function(*args, **(kwargs or {}))


def training_needs(layers: list[Layer], input_shape: Shape) -> dict[str, int | str]:
    """Say what a training step of the network needs, counted on meta tensors.

    kept_bytes: what a step keeps of one image in float32 for the way back, at least: a layer with
    attention, which has shorter ways than a meta tensor takes, counts by its output alone.
    one_image: why a batch cannot be one image, as batch normalisation says it; "" if it can.
    """
    kept: dict[int, tuple[torch.UntypedStorage, int]] = {}

    def keep(tensor: torch.Tensor, into: dict) -> torch.Tensor:
        storage = tensor.untyped_storage()
        # Holding it, so that its address stays its own.
        into[storage._cdata] = storage, storage.nbytes()
        return tensor

    with torch.device("meta"):
        network = build(layers).train()
        one, two = (torch.empty(images, *input_shape) for images in (1, 2))
    own = {parameter.untyped_storage()._cdata for parameter in network.parameters()}
    try:
        with torch.no_grad():
            network(one)
        one_image = ""
    except ValueError as error:
        one_image = str(error).splitlines()[0]
    x = two
    for layer in network:
        saved: dict = {}
        hooks = saved_tensors_hooks(lambda tensor, saved=saved: keep(tensor, saved), lambda x: x)
        with _AttentionWatcher() as attention, hooks:
            x = layer(x)
        if attention.seen:
            saved.clear()
            keep(x, saved)
        kept |= saved
    total = sum(size for address, (_, size) in kept.items() if address not in own)
    return {"kept_bytes": total // len(two), "one_image": one_image}
