"""Ways of training: a plain one, and some that between them use every key of a recipe."""

from blocklab.training.settings import Settings

DISTORTED = {
    "shift": 1, "rotation": 10, "scale": 0.1, "shear": 5, "elastic": 0.5, "erasing": 3,
}  # fmt: skip
RECIPES = {
    "adam": {"optimizer": "adam"},
    "adamw": {"optimizer": "adamw"},
    "sgd": {"optimizer": "sgd"},
    "one cycle, decay, ema": {
        "optimizer": "adamw", "schedule": "one_cycle", "weight_decay": 0.1, "average": "ema",
        "average_decay": 0.8, "label_smoothing": 0.1, "augmentation": DISTORTED,
    },
    "momentum, cosine, last epochs": {
        "optimizer": "sgd", "momentum": 0.9, "nesterov": True, "schedule": "cosine", "warm_up": 0.2,
        "gradient_clipping": 0.5, "average": "last_epochs", "average_epochs": 2,
    },
}  # fmt: skip


def plain_settings(**changes) -> Settings:
    """Return three epochs of gradient descent on torch's own operations, but for `changes`."""
    plain = {
        "batch_size": 16, "epochs": 3, "optimizer": "sgd", "learning_rate": 0.1,
        "loss": "cross_entropy", "compile": False,
    }  # fmt: skip
    return Settings(**plain | changes)
