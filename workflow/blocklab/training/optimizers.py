"""The optimizers, torch's own: Adam (Kingma & Ba 2014, arXiv 1412.6980), AdamW (Loshchilov & Hutter
2017, arXiv 1711.05101), stochastic gradient descent with Nesterov's momentum if asked for."""

import torch
from torch import nn

from blocklab.training.settings import Settings

OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}


def make_optimizer(
    network: nn.Module, settings: Settings, device: torch.device, rate_changes: bool
) -> torch.optim.Optimizer:
    """Return the optimizer of a network that lies on `device`, fused where torch can.

    Where the learning rate changes from step to step, or a graph would keep a plain number for
    ever, it is a tensor on the device.
    """
    options = {"lr": settings.learning_rate, "fused": device.type in ("cpu", "cuda")}
    if settings.optimizer == "sgd":
        options |= {"momentum": settings.momentum, "nesterov": settings.nesterov}
    else:  # sgd keeps no count of its steps
        options["capturable"] = device.type == "cuda"
    optimizer = OPTIMIZERS[settings.optimizer](_groups(network, settings), **options)
    if rate_changes or device.type == "cuda":
        for group in optimizer.param_groups:
            group["lr"] = torch.tensor(settings.learning_rate, device=device)
    return optimizer


def _groups(network: nn.Module, settings: Settings) -> list[dict]:
    """Return the parameters, those that decay apart: biases and normalisation's never do."""
    if settings.weight_decay is None:
        return [{"params": list(network.parameters())}]
    weights = [parameter for parameter in network.parameters() if parameter.dim() > 1]
    others = [parameter for parameter in network.parameters() if parameter.dim() <= 1]
    return [
        {"params": weights, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
