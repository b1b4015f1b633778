"""Picture files: looked at without decoding them, and decoded as far as their reduced size needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from helios.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp")
"""Files that are photographs, by the end of their names in any case."""

COLOR_MODES = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr")
"""Pillow's names of the kinds of pixels that are 8 bits or fewer."""

MOST_PIXELS = 2**29
"""Of a picture file. Pillow warns of a sixth of that, and refuses a third; several threads cannot each silence a
warning, so its limit is raised to this one."""

if Image.MAX_IMAGE_PIXELS is not None:
    Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, MOST_PIXELS)


@dataclass(frozen=True)
class Look:
    """What a picture file says before it is decoded."""

    width: int
    height: int
    has_alpha: bool


def look(file: Path) -> Look:
    """Return the size of the picture `file`, and whether it has an alpha channel, without decoding it.

    Raises InputError where it is missing, no picture, or one with more than 8 bits per channel.
    """
    with _opened(file) as image:
        if image.mode not in COLOR_MODES:
            raise InputError(f"{file}: has pixels of the kind {image.mode}, must have 8 bits per channel; convert it")
        alpha = "A" in image.mode or "a" in image.mode or "transparency" in image.info
        return Look(*image.size, alpha)


def decode(file: Path, width: int, height: int) -> NDArray[np.uint8]:
    """Return the picture `file` reduced to `width` x `height` px, uint8 [H, W, 4]; alpha is 255 where it has none.

    Each pixel is the mean of the area that it covers. Of a JPEG that is reduced by 4 or more, only as many frequencies
    are decoded as a picture of at least twice the size needs. Raises InputError where the file is damaged.
    """
    with _opened(file) as image:
        if image.format == "JPEG":
            image.draft("RGB", (2 * width, 2 * height))
        rgba = image.convert("RGBA" if "A" in image.mode or "transparency" in image.info else "RGB")
        return np.asarray(_reduced(rgba, width, height).convert("RGBA"))


def decode_mask(file: Path, width: int, height: int) -> NDArray[np.uint8]:
    """Return the mask `file` reduced to `width` x `height` px, uint8 [H, W], 255 or 0.

    A pixel counts where most of its area is above half of the brightest value of the mask. Raises InputError where the
    file is damaged, or no pixel counts.
    """
    with _opened(file) as image:
        gray = np.asarray(image.convert("RGBA").convert("LA"))
    gray = gray.min(axis=2)  # an opaque alpha says nothing, a clear one that the pixel does not count
    most = int(gray.max())
    if most == 0:
        raise InputError(f"{file}: the mask is 0 everywhere, so no pixel counts; leave the photograph out instead")
    counts = Image.fromarray(np.where(gray > most // 2, 255, 0).astype(np.uint8))
    return binary(np.asarray(_reduced(counts, width, height)))


def binary(share: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return 255 where `share`, uint8 of any shape, is at least half of 255, else 0."""
    return np.where(share >= 128, 255, 0).astype(np.uint8)


def _reduced(image: Image.Image, width: int, height: int) -> Image.Image:
    return image if image.size == (width, height) else image.resize((width, height), Image.Resampling.BOX)


@contextmanager
def _opened(file: Path) -> Iterator[Image.Image]:
    """Yield the picture; turn what Pillow raises, also while it decodes, into an InputError."""
    try:
        with Image.open(file) as image:
            if image.width * image.height > MOST_PIXELS:
                size = f"{image.width:,} x {image.height:,} px"
                raise InputError(f"{file}: {size}, must be at most {MOST_PIXELS:,} pixels; reduce it")
            yield image
    except FileNotFoundError:
        raise InputError(f"{file}: missing; copy it there, or make the model again without it") from None
    except UnidentifiedImageError:
        raise InputError(f"{file}: not a picture that can be read; convert it to JPEG or PNG") from None
    except Image.DecompressionBombError:
        raise InputError(f"{file}: must be at most {MOST_PIXELS:,} pixels; reduce it") from None
    except (OSError, SyntaxError, ValueError) as error:
        if isinstance(error, InputError) or (isinstance(error, OSError) and error.errno is not None):
            raise
        raise InputError(f"{file}: damaged ({error}); copy it again") from error
