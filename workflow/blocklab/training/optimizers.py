"""The optimizers, torch's own: Adam (Kingma & Ba 2014, arXiv 1412.6980), AdamW (Loshchilov & Hutter
2017, arXiv 1711.05101), stochastic gradient descent."""

import torch
from torch import nn

from blocklab.training.settings import Settings

OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}


def make_optimizer(
    network: nn.Module, settings: Settings, device: torch.device
) -> torch.optim.Optimizer:
    """Return the optimizer of a network that lies on `device`, fused where torch can."""
    options = {"lr": settings.learning_rate, "fused": device.type in ("cpu", "cuda")}
    if settings.optimizer != "sgd":  # which keeps no count of its steps
        options["capturable"] = device.type == "cuda"
    optimizer = OPTIMIZERS[settings.optimizer](network.parameters(), **options)
    if device.type == "cuda":  # where a graph would keep a plain number for ever
        for group in optimizer.param_groups:
            group["lr"] = torch.tensor(settings.learning_rate, device=device)
    return optimizer
