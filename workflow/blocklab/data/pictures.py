"""From an image as Pillow reads it to pixels."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

# What Pillow raises for a file that is damaged; TypeError for a TIFF's tags.
PILLOW_ERRORS = (OSError, ValueError, SyntaxError, TypeError)


def pixels_of(image: "Image.Image", channels: int) -> "np.ndarray":
    """Return an image of any mode as uint8 [channels, H, W]; 1 channel is grey, 3 are RGB.

    It is turned as its camera says, transparency lies on white, 16 bits become 8.
    Raises ValueError for 32 bits a pixel, of which nothing says which value is white.
    """
    import numpy as np
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode in ("I", "F"):
        raise ValueError("32 bits a pixel, and no rule which of their values is white")
    if image.mode.startswith("I;16"):
        values = (np.asarray(image).astype(np.uint32) + 128) // 257
        image = Image.fromarray(values.astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    pixels = np.array(image.convert("L" if channels == 1 else "RGB"))
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)
