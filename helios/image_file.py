"""Pictures as PNG, with what they are in their text metadata."""

from __future__ import annotations

import io
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image


def png_bytes(image: Image, texts: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """Return `image` as PNG with `texts` as its tEXt, or iTXt where one is not Latin-1."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
    file = io.BytesIO()
    image.save(file, "PNG", pnginfo=info, compress_level=6)
    return file.getvalue()


def as_image(pixels: NDArray[np.uint8]) -> Image:
    """Return 8-bit `pixels`, RGB [H, W, 3] or gray [H, W], as an image."""
    from PIL import Image as images

    return images.fromarray(np.ascontiguousarray(pixels))
