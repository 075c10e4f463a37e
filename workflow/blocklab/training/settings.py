"""What training depends on besides network, data and seed."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Settings:
    """What training depends on besides network, data and seed."""

    batch_size: int
    epochs: int
    optimizer: str
    learning_rate: float
    loss: str
    precision: str = "float32"
    compile: bool = True

    @classmethod
    def from_config(cls, section: dict, batch_size: int, precision: str) -> "Settings":
        """Return the settings of one job from the config's `training` section."""
        shared = {field.name: section[field.name] for field in fields(cls) if field.name in section}
        return cls(**shared | {"batch_size": batch_size, "precision": precision})
