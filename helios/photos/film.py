"""Films and pictures of a trained scene: what cameras see of it in colour, in depth, and how much of it covers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from helios import __version__
from helios.errors import InputError
from helios.files import staged, write_file
from helios.film import write_film
from helios.image_file import as_image, png_bytes

if TYPE_CHECKING:
    from helios.photos.data.photograph import Photograph
    from helios.photos.trained import Trained
    from helios.rendering.opaque.contract import OpaqueBackend

SHOWN = ("color", "depth", "alpha")
"""What a picture shows: sRGB as the photographs have it; the depth, white near and black far; how much covers."""

SAMPLED = 16
"""Frames of a film for which the range of depths is found."""

RANGE = (0.01, 0.99)
"""Of the depths of what covers at least half of a pixel these quantiles are white and black."""


@dataclass(frozen=True)
class Camera:
    """A camera: `viewmat` [4, 4] world to camera and `K` [3, 3] in pixels, float64; the size in pixels."""

    viewmat: NDArray[np.float64]
    K: NDArray[np.float64]
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class Shot:
    """How a scene is drawn: `shown` of SHOWN, over `background`, sRGB from 0 to 1."""

    trained: Trained
    backend: OpaqueBackend
    shown: str = "color"
    background: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def draw(self, camera: Camera) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Return what `camera` sees: image [H, W, 3] over the background, alpha [H, W] and depth [H, W]."""
        drawn = self.trained.draw(
            self.backend, camera.viewmat, camera.K, camera.width, camera.height, np.array(self.background, np.float32)
        )
        image, alpha, depth = (tensor[0].cpu().numpy() for tensor in (drawn.images, drawn.alphas, drawn.depths))
        return image, alpha, depth

    def depth_range(self, cameras: Sequence[Camera]) -> tuple[float, float] | None:
        """Return the nearest and the farthest depth of what SAMPLED of `cameras` see; None where they see nothing."""
        chosen = np.unique(np.linspace(0, len(cameras) - 1, SAMPLED).astype(int))
        ends = []
        for number in chosen:
            _, alpha, depth = self.draw(cameras[number])
            seen = depth[alpha >= 0.5]
            if seen.size:
                ends.append(np.quantile(seen, RANGE))
        return (float(np.min(ends)), float(np.max(ends))) if ends else None

    def pixels(self, camera: Camera, depths: tuple[float, float] | None) -> NDArray[np.uint8]:
        """Return 8-bit RGB [H, W, 3] of what `camera` sees; `depths` are those of `depth_range`."""
        image, alpha, depth = self.draw(camera)
        if self.shown == "depth":
            near, far = depths or (0.0, 1.0)
            nearness = (far - depth) / max(far - near, 1e-12)
            image = np.repeat((nearness.clip(0, 1) * alpha)[..., None], 3, axis=2)
        elif self.shown == "alpha":
            image = np.repeat(alpha[..., None], 3, axis=2)
        return np.rint(image.clip(0, 1) * 255).astype(np.uint8)


def lens_of(
    photographs: Sequence[Photograph], size: tuple[int, int], fov_deg: float | None = None
) -> NDArray[np.float64]:
    """Return the K [3, 3] of a camera of `size`, width and height, its axis in the middle.

    It sees at least as much as the median of the `photographs`, or `fov_deg` from bottom to top.
    """
    width, height = size
    if fov_deg is not None:
        focal = height / 2 / np.tan(np.radians(fov_deg) / 2)
    else:
        across = np.median([photo.width / photo.K[0, 0] for photo in photographs])
        down = np.median([photo.height / photo.K[1, 1] for photo in photographs])
        focal = min(width / across, height / down)
    return np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])


def resized(photo: Photograph, size: tuple[int, int] | None) -> Camera:
    """Return the camera of a photograph, its picture of another `size` showing at least as much, about its middle."""
    if size is None or size == (photo.width, photo.height):
        return Camera(photo.viewmat, photo.K, photo.width, photo.height)
    width, height = size
    scale = min(width / photo.width, height / photo.height)
    K = photo.K.copy()
    K[:2] *= scale
    K[0, 2] += (width - scale * photo.width) / 2
    K[1, 2] += (height - scale * photo.height) / 2
    return Camera(photo.viewmat, K, width, height)


def photograph_named(photographs: Sequence[Photograph], name: str) -> Photograph:
    """Return the photograph called `name`, with or without its ending. Raises InputError where none or several are."""
    found = [photo for photo in photographs if name in (photo.name, photo.name.rsplit(".", 1)[0])]
    if len(found) != 1:
        some = ", ".join(photo.name for photo in photographs[:3])
        raise InputError(f"--camera {name}: {len(found)} photographs of that name, must be one (there are {some}, ...)")
    return found[0]


def make_picture(path: Path, shot: Shot, camera: Camera, about: str) -> tuple[float, float] | None:
    """Write what `camera` sees as the PNG `path`, whole or not at all; return the depths that are white and black."""
    depths = shot.depth_range([camera]) if shot.shown == "depth" else None
    texts = {"Software": f"helios {__version__}", "Content": shot.shown, "Camera": about}
    if depths:
        texts["Depth"] = f"white {depths[0]:.6g}, black {depths[1]:.6g} units of the scene"
    write_file(path, png_bytes(as_image(shot.pixels(camera, depths)), texts))
    return depths


def make_film(
    path: Path,
    shot: Shot,
    cameras: Sequence[Camera],
    fps: int,
    on_frame: Callable[[int, int], None] = lambda done, of: None,
) -> tuple[float, float] | None:
    """Write a film with a frame for each of `cameras`, all of one size, to `path`, whole or not at all.

    Return the depths that are white and black in it, of a film of depth. The same scene and cameras give the same bytes
    with the same ffmpeg. Raises InputError as `write_film` does.
    """
    depths = shot.depth_range(cameras) if shot.shown == "depth" else None

    def frames() -> Iterator[NDArray[np.uint8]]:
        for number, camera in enumerate(cameras):
            yield shot.pixels(camera, depths)
            on_frame(number + 1, len(cameras))

    with staged(path) as new:
        write_film(new, path.suffix.lower(), frames(), (cameras[0].width, cameras[0].height), fps)
    return depths
