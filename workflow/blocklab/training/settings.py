"""What training depends on besides network, data and seed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields


@dataclass(frozen=True)
class Settings:
    """What training depends on besides network, data and seed.

    The keys of the config's `training` section, which docs/configuration.md describes, with one
    network's `batch_size`; what is left out here is off.
    """

    batch_size: int
    epochs: int
    optimizer: str
    learning_rate: float
    loss: str
    precision: str = "float32"
    compile: bool = True
    schedule: str = "constant"
    warm_up: float | None = None
    weight_decay: float | None = None
    momentum: float = 0.0
    nesterov: bool = False
    label_smoothing: float = 0.0
    gradient_clipping: float | None = None
    average: str = "none"
    average_decay: float = 0.999
    average_epochs: int = 5
    augmentation: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_config(cls, section: dict, batch_size: int, precision: str) -> "Settings":
        """Return the settings of one job from a network's `training` section."""
        shared = {field.name: section[field.name] for field in fields(cls) if field.name in section}
        return cls(**shared | {"batch_size": batch_size, "precision": precision})
