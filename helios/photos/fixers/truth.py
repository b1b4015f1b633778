"""The fixer `truth`: a renderer of the scene, where there is one. It says how far the others could come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from helios.errors import InputError
from helios.options import option
from helios.photos.fixers.contract import Camera, Fixed, Fixer, Reference
from helios.photos.fixers.pictures import unit
from helios.photos.fixers.user_code import check_name, load_named


@dataclass(frozen=True)
class Truth(Fixer):
    """Calls a function of the user: f(viewmat [4, 4], K [3, 3], width, height) -> picture [H, W, 3].

    viewmat takes the world of the scene to the camera, with OpenCV's axes; K is in pixels; both are float64. The
    picture is uint8, or floating point in [0, 1].
    """

    renderer: str = option("", "MODULE:NAME, or FILE.py:NAME, of a function that draws the scene.")

    def __post_init__(self):
        check_name(self.renderer, "fixer truth: renderer", "truth:renderer=moon.py:draw")

    @cached_property
    def draw(self) -> Callable:
        """The function. Raises InputError where it cannot be found."""
        return load_named(self.renderer, "fixer truth")

    def fix(self, render, alpha, depth, camera: Camera, references: tuple[Reference, ...]) -> Fixed:
        """Return what the renderer draws, trusted everywhere. Raises InputError where that is no such picture."""
        picture = np.asarray(self.draw(camera.viewmat.copy(), camera.K.copy(), camera.width, camera.height))
        shape = (camera.height, camera.width, 3)
        if picture.shape != shape:
            raise InputError(f"fixer truth: {self.renderer} returned {picture.shape}, must be {shape}")
        if picture.dtype == np.uint8:
            return Fixed(unit(picture), np.ones(shape[:2], np.float32))
        if not np.issubdtype(picture.dtype, np.floating) or not (picture.min() >= 0.0 and picture.max() <= 1.0):
            raise InputError(
                f"fixer truth: {self.renderer} returned {picture.dtype} from {picture.min()} to {picture.max()}; "
                "must be uint8, or floating point from 0 to 1"
            )
        return Fixed(picture.astype(np.float32), np.ones(shape[:2], np.float32))
