"""What a fixer is given and what it returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from helios.photos.data.photograph import Photograph


@dataclass(frozen=True, eq=False)
class Camera:
    """An ideal pinhole camera with OpenCV's axes; the centre of the first pixel is at (0.5, 0.5)."""

    viewmat: NDArray[np.float64]  # [4, 4] world to camera, units of the scene
    K: NDArray[np.float64]  # [3, 3] px, without skew
    width: int  # px
    height: int  # px

    @property
    def centre(self) -> NDArray[np.float64]:
        """Where it stands, [3], world."""
        return -self.viewmat[:3, :3].T @ self.viewmat[:3, 3]


class Reference(NamedTuple):
    """A photograph, and how far away the scene is in it as far as training has come."""

    photograph: Photograph
    image: NDArray[np.float32]  # [H, W, 3] in [0, 1]
    depth: NDArray[np.float32]  # [H, W] along the camera's axis, 0 where nothing is drawn


class View(NamedTuple):
    """A view that no photograph shows, as it is drawn so far: the arguments of `Fixer.fix`."""

    render: NDArray[np.float32]  # [H, W, 3] in [0, 1], over black
    alpha: NDArray[np.float32]  # [H, W] in [0, 1]
    depth: NDArray[np.float32]  # [H, W] along the camera's axis, 0 where alpha is
    camera: Camera
    references: tuple[Reference, ...]


class Fixed(NamedTuple):
    """What the view should look like, and how far that is to be believed."""

    image: NDArray[np.float32]  # [H, W, 3] in [0, 1]
    trust: NDArray[np.float32]  # [H, W] in [0, 1]: the weight of a pixel in the loss


class Fixer(ABC):
    """Mends pictures of a scene from where there is no photograph. An entry of FIXERS is a frozen dataclass of this."""

    @abstractmethod
    def fix(
        self,
        render: NDArray[np.float32],
        alpha: NDArray[np.float32],
        depth: NDArray[np.float32],
        camera: Camera,
        references: tuple[Reference, ...],
    ) -> Fixed:
        """Return what `render` should look like: see `View` for the arguments.

        Raises InputError, in one line, where what the fixer depends on (a program, weights) is missing or at fault.
        """
        ...

    def fix_all(self, views: Sequence[View]) -> list[Fixed]:
        """Return `fix` of every view of one round, in order; all have the same references."""
        return [self.fix(*view) for view in views]
