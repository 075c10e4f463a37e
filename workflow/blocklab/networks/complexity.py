"""How large a network is and what it is made of, counted rather than typed in."""

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from blocklab.networks.network import Layer, Shape, build


class _ActivationCounter(TorchDispatchMode):
    """Count the output elements of convolutions and matrix products.

    Activations as in Radosavovic et al. 2020, Designing Network Design Spaces, arXiv 2003.13678,
    where they predict run time better than FLOPs do.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if function._overloadpacket in flop_registry:
            output = result[0] if isinstance(result, tuple) else result
            self.total += output.numel()
        return result


class ByteCounter(TorchDispatchMode):
    """Count the bytes of every operation's tensors, in and out; views cost nothing.

    What a network would move if no cache helped and nothing were fused.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if not function.is_view:
            tensors = [x for x in tree_leaves((args, kwargs, result)) if torch.is_tensor(x)]
            self.total += sum(x.numel() * x.element_size() for x in tensors)
        return result


def complexity(layers: list[Layer], input_shape: Shape) -> dict[str, int]:
    """Count one image's forward pass, and what the network has of what matters here.

    parameters: trainable numbers. flops: floating-point operations of convolutions, matrix
    products and attention, a multiplication and an addition counting as two. activations:
    outputs of those operations. bytes_moved: what all operations read and write in float32, if no
    cache helps. residuals, active_residuals: blocks that can add their input,
    and those that do. largest_kernel: the widest convolution, in pixels; 0 if there is none.
    """
    with torch.device("meta"):
        network = build(layers).eval()
        image = torch.empty(1, *input_shape)
    # On meta tensors attention runs as plain matrix products, which are counted; its T x T
    # weights then count as activations, though the fused kernels never store them.
    with FlopCounterMode(display=False) as flops:
        network(image)
    with _ActivationCounter() as activations, ByteCounter() as moved:
        network(image)
    residuals = [module.residual for module in network.modules() if hasattr(module, "residual")]
    kernels = [
        max(module.kernel_size) for module in network.modules() if isinstance(module, nn.Conv2d)
    ]
    return {
        "parameters": sum(p.numel() for p in network.parameters() if p.requires_grad),
        "flops": flops.get_total_flops(),
        "activations": activations.total,
        "bytes_moved": moved.total,
        "residuals": len(residuals),
        "active_residuals": sum(residuals),
        "largest_kernel": max(kernels, default=0),
    }
