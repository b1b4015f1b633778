"""One photograph, its camera, and where its pixels come from.

Conventions everywhere: OpenCV cameras (x right, y down, z ahead), the centre of the first pixel at (0.5, 0.5),
`viewmat` takes the world to the camera, `K` takes the camera to pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Pixels(Protocol):
    """Where the pixels of a photograph come from."""

    def image(self) -> NDArray[np.uint8]:
        """Return the picture, sRGB, uint8 [H, W, 3]. Raises InputError where its file is damaged."""
        ...

    def mask(self) -> NDArray[np.uint8] | None:
        """Return which pixels count, uint8 [H, W], 255 where they do and 0 where not; None where all do."""
        ...


@dataclass(frozen=True, eq=False)
class HeldPixels:
    """Pixels that are in memory already."""

    held_image: NDArray[np.uint8]  # [H, W, 3]
    held_mask: NDArray[np.uint8] | None = None  # [H, W]

    def image(self) -> NDArray[np.uint8]:
        return self.held_image

    def mask(self) -> NDArray[np.uint8] | None:
        return self.held_mask


@dataclass(frozen=True, eq=False)
class Photograph:
    """One photograph, as an ideal pinhole camera sees it: without distortion, reduced by the data factor."""

    name: str
    viewmat: NDArray[np.float64]  # [4, 4] world to camera
    K: NDArray[np.float64]  # [3, 3] px, without skew
    width: int  # px
    height: int  # px
    camera_id: int
    pixels: Pixels = field(repr=False)

    def image(self) -> NDArray[np.uint8]:
        """Return the picture, sRGB, uint8 [H, W, 3], not to be written to.

        It is decoded when it is asked for, and kept as far as the memory of the data set's cache goes. Raises
        InputError where the file is damaged or gone.
        """
        return self.pixels.image()

    def mask(self) -> NDArray[np.uint8] | None:
        """Return which pixels count, uint8 [H, W], 255 or 0, not to be written to; None where all do."""
        return self.pixels.mask()
