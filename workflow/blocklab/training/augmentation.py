"""Training images that are distorted anew at every step, each by itself, on their device.

Small shifts, rotations, changes of size and shears are one affine map per image; elastic adds a
smooth field of displacements, drawn on a coarse grid and interpolated bicubically (Ronneberger et
al. 2015, arXiv 1505.04597; for digits Simard, Steinkraus & Platt 2003). Both are one bilinear
resampling. erasing blackens a square at a random place (DeVries & Taylor 2017, arXiv 1708.04552).
Digits are never mirrored: that would make others of them. torchvision distorts whole batches
alike, and draws from torch's global random state, which other seeds would move.
"""

import math
from collections.abc import Mapping

import torch
from torch.nn import functional as F

GRID = 4  # points to a side that displacements of `elastic` are drawn at


class Augmentation:
    """Draw distortions from a random state of its own.

    strengths: what to do, by name, each uniform between minus and plus its value:
        shift: pixels, along each axis. rotation: degrees. scale: share of the size.
        shear: degrees. elastic: pixels, the standard deviation of a displacement on the coarse
        grid. erasing: pixels, the side of the square.
    generator: of the images' device.
    """

    def __init__(self, strengths: Mapping[str, float], generator: torch.Generator) -> None:
        self.strengths, self.generator = dict(strengths), generator

    def __bool__(self) -> bool:
        return any(self.strengths.values())

    @torch.no_grad()
    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Return images [N, C, H, W] distorted, channels_last; what comes in from outside is 0."""
        given = self.strengths
        if any(given.get(name) for name in ("shift", "rotation", "scale", "shear", "elastic")):
            places = F.affine_grid(self._maps(images), list(images.shape), align_corners=False)
            if given.get("elastic"):
                places = places + self._displacements(images)
            images = F.grid_sample(images, places, align_corners=False)
        if given.get("erasing"):
            images = images * self._outside_of_squares(images)
        return images.contiguous(memory_format=torch.channels_last)

    def _maps(self, images: torch.Tensor) -> torch.Tensor:
        """Return the map [N, 2, 3] from a pixel of each new image to its place in the old one."""
        count, _, height, width = images.shape
        angle = math.radians(1) * self._uniform("rotation", images, count)
        shear = torch.tan(math.radians(1) * self._uniform("shear", images, count))
        size = 1 / (1 + self._uniform("scale", images, count))
        cos, sin = torch.cos(angle) * size, torch.sin(angle) * size
        shift = self._uniform("shift", images, count, 2)
        # Places go from -1 to 1 over the image's side.
        right, down = shift[:, 0] * 2 / width, shift[:, 1] * 2 / height
        rows = [cos, cos * shear - sin, right, sin, sin * shear + cos, down]
        return torch.stack(rows, dim=1).view(count, 2, 3)

    def _displacements(self, images: torch.Tensor) -> torch.Tensor:
        """Return smooth displacements [N, H, W, 2], in the units of places."""
        count, _, height, width = images.shape
        coarse = torch.randn(count, 2, GRID, GRID, device=images.device, generator=self.generator)
        unit = coarse.new_tensor([2 / width, 2 / height]) * self.strengths["elastic"]
        fine = F.interpolate(coarse, (height, width), mode="bicubic", align_corners=True)
        return fine.permute(0, 2, 3, 1) * unit

    def _outside_of_squares(self, images: torch.Tensor) -> torch.Tensor:
        """Return 0 in a square of each image and 1 elsewhere [N, 1, H, W]."""
        count, _, height, width = images.shape
        far = []
        for side in (height, width):
            middle = torch.rand(count, 1, device=images.device, generator=self.generator) * side
            pixels = torch.arange(side, device=images.device) + 0.5
            far.append((pixels - middle).abs() * 2 > self.strengths["erasing"])
        return (far[0][:, None, :, None] | far[1][:, None, None, :]).to(images.dtype)

    def _uniform(self, name: str, images: torch.Tensor, *shape: int) -> torch.Tensor:
        """Return numbers between minus and plus a strength; zeros, and nothing drawn, of none."""
        most = self.strengths.get(name, 0)
        if not most:
            return torch.zeros(shape, device=images.device)
        return most * (2 * torch.rand(shape, device=images.device, generator=self.generator) - 1)
