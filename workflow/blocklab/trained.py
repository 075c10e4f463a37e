"""A trained network to use: from the folder of a run to the class of an image."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from blocklab.data.datasets import OWN
from blocklab.data.pictures import PILLOW_ERRORS, pixels_of
from blocklab.data.pixels import fit
from blocklab.errors import UserError
from blocklab.networks.images import as_input
from blocklab.networks.network import predict, resolve
from blocklab.networks.weights import load_weights

if TYPE_CHECKING:
    import PIL.Image

    Image = str | Path | PIL.Image.Image | np.ndarray

PROVENANCE = "provenance.json"
WEIGHTS = "weights.safetensors"
SHAPES = ((), (3,), (4,))  # of a pixel in an array: grey, RGB, RGB and opacity


@dataclass(frozen=True)
class Classification:
    """What a network says of one image: the likeliest class, and how likely every class is."""

    class_name: str
    probabilities: dict[str, float]  # by class name, the likeliest first; they sum to 1


class TrainedNetwork(nn.Module):
    """A trained network with what it was trained on; `load_network` returns one.

    Called, it takes uint8 images [N, C, H, W] of `input_shape` to logits [N, K], float32.

    layers: the network itself, which takes floats from 0 to 1
    name, seed: of the network in its study
    input_shape: (C, H, W)
    class_names: of the K classes, in the order of the logits
    provenance: the run's provenance.json: settings, data, versions, machine, commit
    """

    def __init__(
        self, layers: nn.Module, class_names: Sequence[str], provenance: dict[str, Any]
    ) -> None:
        super().__init__()
        self.layers = layers
        self.name: str = provenance["settings"]["network"]["name"]
        self.seed: int = provenance["seed"]
        self.input_shape: tuple[int, ...] = tuple(provenance["settings"]["input_shape"])
        self.class_names = tuple(class_names)
        self.provenance = provenance

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits [N, K] of uint8 images [N, C, H, W]; UserError for other tensors."""
        # Tracing warns of sizes that are compared, since its graph would keep the answer.
        fits = torch.jit.is_tracing() or images.shape[1:] == self.input_shape
        if images.dtype != torch.uint8 or not fits:
            raise UserError(
                f"{self.name} takes uint8 images [N, {self._sizes(', ')}], but was given "
                f"{str(images.dtype).removeprefix('torch.')} {list(images.shape)}"
            )
        return self.layers(as_input(images))

    def classify(self, image: "Image", negative: bool = False) -> Classification:
        """Return what the network, in evaluation mode, says of one image of any size and mode.

        The image is made grey or RGB and resized as the training images were.

        Args:
            image: a file that Pillow reads, an image of Pillow's, or uint8 [H, W] or [H, W, C]
            negative: take the image's negative; MNIST has white digits on black
        Raises UserError for what is no image, and for images of 32 bits a pixel.
        """
        images = self.prepare(image, negative)
        probabilities = predict(self.layers, images)[0].double().softmax(dim=0)
        ranked = sorted(
            zip(self.class_names, probabilities.tolist(), strict=True), key=lambda pair: -pair[1]
        )
        return Classification(ranked[0][0], dict(ranked))

    def prepare(self, image: "Image", negative: bool = False) -> torch.Tensor:
        """Return what `classify` takes as what the network takes, uint8 [1, C, H, W]."""
        channels, size, _ = self.input_shape
        images = torch.from_numpy(_pixels(image, channels)).unsqueeze(0)
        non_square = self.provenance.get("dataset", {}).get("non_square", "crop")
        images = fit(255 - images if negative else images, channels, size, non_square)
        return images.to(next(self.layers.parameters()).device)

    def extra_repr(self) -> str:
        """Return the first line that `print` shows: what this is and what it was trained on."""
        data = self.provenance.get("dataset", {}).get("name", "an unnamed data set")
        data = f"images of one's own ({data})" if data in OWN else data
        epochs = self.provenance["settings"]["training"]["epochs"]
        passes = "1 epoch" if epochs == 1 else f"{epochs} epochs"
        classes = ", ".join(self.class_names[:12]) + ", ..." * (len(self.class_names) > 12)
        return (
            f"{self.name}, seed {self.seed}, trained for {passes} on {data}: "
            f"{self._sizes(' x ')} pixels -> {len(self.class_names)} classes ({classes})"
        )

    def _sizes(self, between: str) -> str:
        return between.join(map(str, self.input_shape))


def load_network(run: str | Path, device: str | torch.device = "cpu") -> TrainedNetwork:
    """Return the network that was trained in a run's folder, in evaluation mode.

    `run` is a folder such as results/mnist/vgg/seed0; it is all that is read, so that it can be
    copied elsewhere. Blocks of one's own must be in the library here, too.
    Raises UserError, naming the folder or file, if it is missing, no run's, or damaged, or if the
    network is made of what is not here.
    """
    folder = Path(run).expanduser()
    provenance = _read_provenance(folder)
    try:
        settings = provenance["settings"]
        name, entries = settings["network"]["name"], settings["network"]["layers"]
        shape, classes = tuple(settings["input_shape"]), settings["classes"]
        seed = provenance["seed"]
    except (KeyError, TypeError, IndexError) as error:
        raise UserError(f"{folder / PROVENANCE}: not the record of a run (no {error})") from None
    try:
        layers = resolve(name, entries, shape, classes, "cpu")
    except UserError as error:
        raise UserError(f"{folder}: cannot build its network here: {error}") from None
    network = load_weights(folder / WEIGHTS, layers, seed)
    class_names = provenance.get("class_names") or map(str, range(classes))
    return TrainedNetwork(network, class_names, provenance).eval().to(device)


def _read_provenance(folder: Path) -> Any:
    """Return what a run's folder says of the run; UserError if it is no such folder."""
    if not folder.is_dir():
        problem = "is a file; name the folder it is in" if folder.exists() else "does not exist"
        raise UserError(f"{folder}: {problem}; a run's folder is like results/mnist/vgg/seed0")
    missing = [name for name in (PROVENANCE, WEIGHTS) if not (folder / name).is_file()]
    if missing:
        runs = (
            path.parent for depth in range(1, 5) for path in folder.glob("*/" * depth + WEIGHTS)
        )
        first = next(runs, None)
        hint = f"; did you mean {first}?" if first else ""
        raise UserError(f"{folder}: not the folder of a trained run, has no {missing[0]}{hint}")
    path = folder / PROVENANCE
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({error}); copy it again") from None


def _pixels(image: "Image", channels: int) -> np.ndarray:
    """Return an image, as `classify` takes it, as uint8 [channels, H, W]."""
    import PIL.Image

    where = str(image) if isinstance(image, str | Path) else "the image"
    try:
        if isinstance(image, np.ndarray):
            known = image.ndim in (2, 3) and image.shape[2:] in SHAPES
            if image.dtype != np.uint8 or not image.size or not known:
                was = f"{image.dtype} {list(image.shape)}"
                raise ValueError(f"an array of {was}; give uint8 [H, W], [H, W, 3] or [H, W, 4]")
            image = PIL.Image.fromarray(image)
        elif isinstance(image, str | Path):
            image = PIL.Image.open(Path(image).expanduser())
        elif not isinstance(image, PIL.Image.Image):
            kind = type(image).__name__
            raise ValueError(f"a {kind}; give a file, an array or an image of Pillow's")
        return pixels_of(image, channels)
    except FileNotFoundError:
        raise UserError(f"{where}: no such file") from None
    except PIL.UnidentifiedImageError:
        raise UserError(f"{where}: of no format that Pillow reads") from None
    except (*PILLOW_ERRORS, PIL.Image.DecompressionBombError) as error:
        raise UserError(f"{where}: cannot be read as an image ({error})") from None
