"""Pictures of signed light, with their scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from helios.image_file import as_image
from helios.pictures.tone import signed

if TYPE_CHECKING:
    from PIL.Image import Image


def with_scale(pixels: NDArray[np.uint8], scale: float) -> Image:
    """Return a picture of signed light with a bar of its colours, from -`scale` to +`scale`, below on the right."""
    from PIL import ImageDraw, ImageFont

    image = as_image(pixels)
    width, height = image.size
    long, thick = min(200, width // 2), 8
    if long < 40 or height < 60:
        return image
    ramp = np.repeat(np.linspace(-1.0, 1.0, long)[None], thick, axis=0)
    x, y = width - long - 12, height - thick - 12
    image.paste(as_image(signed(ramp, 1.0)), (x, y))
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(12)
    pen.rectangle((x - 1, y - 1, x + long, y + thick), outline=(110, 110, 110))
    for at, text, anchor in ((0.0, f"-{scale:.2g}", "ls"), (0.5, "0", "ms"), (1.0, f"+{scale:.2g}", "rs")):
        pen.text((x + at * long, y - 5), text, (190, 190, 190), font, anchor)
    return image
