"""Images of any size and channels as networks of one study take them."""

import torch

GREY = (19_595, 38_470, 7_471)  # ITU-R 601 luma of red, green and blue, in 65536ths, as in Pillow


def fit(images: torch.Tensor, channels: int, size: int, non_square: str) -> torch.Tensor:
    """Return images uint8 [N, C, H, W] as uint8 [N, channels, size, size].

    Resizing is bilinear with antialiasing. Of images that are no squares `non_square` says whether
    the middle square is taken ("crop"), black is put around them ("pad"), or they are stretched.
    Grey becomes red, green and blue alike; colour becomes its luma.
    """
    images = to_channels(images, channels)
    height, width = images.shape[-2:]
    if height != width and non_square != "stretch":
        from torchvision.transforms.v2.functional import center_crop

        side = min(height, width) if non_square == "crop" else max(height, width)
        images = center_crop(images, [side, side])  # which pads with 0 where there is too little
    if images.shape[-2:] == (size, size):
        return images
    from torchvision.transforms.v2 import InterpolationMode
    from torchvision.transforms.v2.functional import resize

    return resize(images, [size, size], InterpolationMode.BILINEAR, antialias=True)


def to_channels(images: torch.Tensor, channels: int) -> torch.Tensor:
    """Return uint8 images [N, 1 or 3, H, W] with 1 or 3 channels."""
    if images.shape[1] == channels:
        return images
    if channels == 3:
        return images.expand(-1, 3, -1, -1)
    weights = torch.tensor(GREY).view(1, 3, 1, 1)
    return ((images * weights).sum(dim=1, keepdim=True) + (1 << 15) >> 16).to(torch.uint8)
