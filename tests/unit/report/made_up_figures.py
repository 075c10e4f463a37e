"""What figures are drawn from, of networks that nobody trained."""

import numpy as np
import pandas as pd

NETWORKS = [f"network_{number}" for number in range(12)]
MANIFEST = {"class_names": [str(digit) for digit in range(10)]}
EXPLANATION = {"method": "integrated_gradients", "target": "logit_minus_mean"}


def histories(
    errors: list[float], networks: int = 1, seeds: int = 1, validation: bool = True
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "network": network,
            "seed": seed,
            "epoch": epoch,
            "acc": 1 - error,
            "validation_acc": 1 - error - 0.001 * seed if validation else np.nan,
        }
        for network in NETWORKS[:networks]
        for seed in range(seeds)
        for epoch, error in enumerate(errors, start=1)
    )


def networks_table(count: int) -> pd.DataFrame:
    """Networks that lie close together, as the good ones do."""
    position = np.arange(count)
    accuracy = 0.985 + 0.0004 * (position % 5)
    return pd.DataFrame(
        {
            "network": NETWORKS[:count],
            "baseline": position == 0,
            "best": position == 1,
            "seeds": 2,
            "test_images": 100,
            "test_acc": accuracy,
            "test_acc_low": accuracy - 0.002,
            "test_acc_high": accuracy + 0.002,
            "flops": 1e6 * 1.15**position,
            "seconds_per_epoch": 5.0 + position % 4,
        }
    )


def runs_table(networks: pd.DataFrame, seeds: int = 1) -> pd.DataFrame:
    """Runs whose seeds are a tenth of a percent apart."""
    return pd.DataFrame(
        {"network": name, "seed": seed, "test_acc": accuracy + 0.001 * (seed - (seeds - 1) / 2)}
        for name, accuracy in zip(networks["network"], networks["test_acc"], strict=True)
        for seed in range(seeds)
    )


def explained(seed: int, images: int = 13, size: int = 12) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    pixels = np.zeros((images, 1, size, size), np.uint8)
    pixels[:, :, 3:9, 3:9] = 200
    labels = np.r_[np.arange(10), np.zeros(images - 10, int)]
    return {
        "seed": np.array(4),
        "indices": np.arange(images) * 7,
        "gallery": np.array(10),
        "images": pixels,
        "labels": labels,
        "predictions": labels,
        "margins": np.full(images, 4.25, np.float32),
        "attributions": random.normal(size=(images, 1, size, size)).astype(np.float32),
    }


def counted(counts: np.ndarray) -> pd.DataFrame:
    """Return the counts as the rows of the best network, after another network's."""
    true, predicted = np.indices(counts.shape).reshape(2, -1)
    rows = pd.DataFrame({"true_class": true, "predicted_class": predicted})
    best = rows.assign(network=NETWORKS[1], images=counts.ravel())
    return pd.concat([rows.assign(network=NETWORKS[0], images=7), best])


def samples(rows: int, **columns: float) -> pd.DataFrame:
    seconds = 0.2 * np.arange(1, rows + 1)
    columns = {"cpu_percent": 90.0, "memory_bytes": 2.0**29, **columns}
    return pd.DataFrame({"seconds": seconds, **columns})
