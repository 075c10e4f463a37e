"""A page of a study that nobody ran, with names that would like to be more than names."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from made_up_explanations import MADE
from made_up_study import WORKFLOW
from matplotlib.figure import Figure

from blocklab.report.figures.style import save
from blocklab.report.page.document import as_page
from blocklab.report.page.tables import tables_for_page

LOOK = WORKFLOW / "report" / "page"
NETWORKS = ("exp3", "vgg", "csp")
HOSTILE = '</script><script>document.title="broken"</script>'
CLASS_NAMES = [HOSTILE, "\"quoted\" & 'so'", "<img src=x onerror=alert(1)>", *"3456789"]
MARKDOWN = r"""# Which block? 3 networks & *more*

**vgg** is better, see [below](#the-blocks) or [arXiv 1](https://arxiv.org/abs/1).

![Error of every network](figures/learning_curves.png)

![Error of <vgg>](figures/error%20one.png)

## Ranking

| network | test acc | p | parameters | note |
|:--------|:---------|:--|:-----------|:-----|
| exp3    | 0.9715 (0.968 to 0.975) | < 0.001 | 30,840 | b |
| **vgg** | 0.9904 (0.988 to 0.992) | – | 9,450 | c |
| csp     | 0.9890 | 0.0496 | 143,114 | a |

![Test error against cost](figures/accuracy_against_cost.png)

![Attribution maps](figures/heatmaps.png)

![Agreement](figures/agreement.png)

![Deletion and insertion](figures/deletion_curves.png)

<details>
<summary>Of vgg & <b>others</b></summary>

### vgg

- one \<b\>
- <script>alert("two")</script>

</details>

## The blocks

text with <details> in it

```bash
snakemake --cores 4 --resources gpu=1 --configfile studies/a_study_with_a_long_name_of_its_own.yaml
```
"""


def made_up_run(
    seed: int, position: int, images: int = 13, size: int = 12, channels: int = 1
) -> dict[str, np.ndarray]:
    """Return the arrays of attributions.npz of one network's run."""
    random = np.random.default_rng([seed, position])
    pixels = np.zeros((images, channels, size, size), np.uint8)
    pixels[:, :, 3:9, 3:9] = np.random.default_rng(0).integers(1, 255, (images, channels, 6, 6))
    labels = np.r_[np.arange(10), np.zeros(images - 10, int)]
    predictions = labels.copy()
    predictions[position] = 9
    ink = (pixels > 0).any(axis=1, keepdims=True)
    shape = (3, 11, channels, size, size)
    return {
        "seed": np.array(seed),
        "indices": np.arange(images) * 7,
        "gallery": np.array(10),
        "checked": np.array(11),
        "images": pixels,
        "labels": labels,
        "predictions": predictions,
        "probabilities": np.full(images, 0.931, np.float32),
        "margins": random.uniform(0, 20, images).astype(np.float32),
        "delta": np.zeros(images, np.float32),
        "steps": np.full(images, 50),
        "attributions": (random.normal(size=pixels.shape) * ink).astype(np.float32),
        "baselines": np.array(["blurred", "mean", "expected"]),
        "baseline_attributions": random.normal(size=shape).astype(np.float32),
        "randomised": (random.normal(size=shape[1:]) * ink[:11]).astype(np.float32),
    }


def made_up_runs(seeds: Sequence[int] = (4,), **how: int) -> dict:
    return {
        (network, seed): made_up_run(seed, position, **how)
        for position, network in enumerate(NETWORKS)
        for seed in seeds
    }


def made_up_histories(seeds: Sequence[int] = (4,)) -> pd.DataFrame:
    epochs = [(name, seed, epoch) for name in NETWORKS for seed in seeds for epoch in (1, 2, 3)]
    table = pd.DataFrame(epochs, columns=["network", "seed", "epoch"])
    accuracy = 0.9 + 0.02 * table["epoch"] + 0.001 * table["seed"]
    return table.assign(acc=accuracy, validation_acc=accuracy, loss=1.5, validation_loss=1.5)


def write_page(folder: Path, networks: pd.DataFrame, runs: dict) -> Path:
    """Write a page of `runs` with one figure that is a picture; return its path."""
    save(Figure((2, 1), dpi=160), folder / "figures" / "error one.png")
    seeds = sorted({seed for _, seed in runs})
    names = ("agreement", "perturbation", "randomisation")
    tables = {name: MADE[name](NETWORKS, len(seeds)) for name in names}
    study = tables_for_page(networks, made_up_histories(seeds), **tables)
    study |= {"class_names": CLASS_NAMES, "method": "Integrated Gradients"}
    path = folder / "report.html"
    path.write_text(
        as_page(MARKDOWN, folder, LOOK, study, runs, ["networks.csv"]), encoding="utf-8"
    )
    return path
