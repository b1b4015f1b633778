"""Where the pixels and masks of a data set's photographs are, checked against the model before any is decoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError
from helios.photos.data.cache import Cache, Decoded
from helios.photos.data.lenses import Camera, Lens
from helios.photos.data.model import Model, View
from helios.photos.data.photograph import Photograph
from helios.photos.data.pictures import binary, decode, decode_mask, look
from helios.photos.data.undistort import Pinhole, ideal_camera, inside, resample, sources

IMAGES, MASKS = "images", "masks"


@dataclass(frozen=True, eq=False)
class FilePixels:
    """Pixels of a file, reduced to `width` x `height`, then undistorted; its alpha and a mask say what counts."""

    file: Path
    width: int  # px, of the reduced photograph
    height: int
    lens: Lens  # of the reduced photograph
    pinhole: Pinhole
    mask_file: Path | None
    cache: Cache = field(repr=False)

    def image(self) -> NDArray[np.uint8]:
        return self._decoded()[0]

    def mask(self) -> NDArray[np.uint8] | None:
        return self._decoded()[1]

    def _decoded(self) -> Decoded:
        return self.cache.get(self.file, self._decode)

    def _decode(self) -> Decoded:
        rgba = decode(self.file, self.width, self.height)
        if self.mask_file is not None:
            counted = decode_mask(self.mask_file, self.width, self.height)
            rgba = np.dstack([rgba[..., :3], np.minimum(binary(rgba[..., 3]), counted)])
        if not self.lens.is_ideal:
            u, v = sources(self.lens, self.pinhole)
            rgba = resample(rgba, u, v)
            rgba[..., 3][~inside(u, v, self.width, self.height)] = 0
        counts = binary(rgba[..., 3])
        image = np.ascontiguousarray(rgba[..., :3])
        mask = None if counts.all() else counts
        for part in (image, mask):
            if part is not None:
                part.flags.writeable = False
        return image, mask


def photographs_of(
    folder: Path, model: Model, views: Mapping[str, tuple[View, NDArray[np.float64]]], factor: int, cache: Cache
) -> tuple[dict[str, Photograph], list[str]]:
    """Return the photographs of `views` (names, and viewmats [4, 4] in the scene) by name, and remarks of a line each.

    Raises InputError for a file that is missing, no picture, or of another size than its camera.
    """
    if not (folder / IMAGES).is_dir():
        raise InputError(f"{folder / IMAGES}: no such folder; the photographs of a data set are in it")
    found, counts = {}, Counter[str]()
    for name, (view, viewmat) in views.items():
        camera = model.cameras[view.camera_id]
        _checked(folder, name, camera, model.folder)
        file, width, height = _reduced_file(folder, name, camera, factor, counts)
        mask_file = _mask_file(folder, name, {(camera.width, camera.height), (width, height)})
        counts["masked"] += mask_file is not None

        lens, pinhole = _lenses(camera, width, height)
        pixels = FilePixels(file, width, height, lens, pinhole, mask_file, cache)
        found[name] = Photograph(name, viewmat, pinhole.lens.K, pinhole.width, pinhole.height, view.camera_id, pixels)
    return found, _remarks(folder, len(views), next(iter(views)), factor, counts)


def _checked(folder: Path, name: str, camera: Camera, model: Path) -> None:
    parts = PurePosixPath(name).parts
    if ".." in parts or PurePosixPath(name).is_absolute():
        raise InputError(f"{model} image {name}: must be a name below {folder / IMAGES}; make the model again")
    file = folder / IMAGES / name
    seen = look(file)
    if (seen.width, seen.height) != (camera.width, camera.height):
        turned = ", turned by its orientation tag" * ((seen.height, seen.width) == (camera.width, camera.height))
        raise InputError(
            f"{file}: {seen.width} x {seen.height} px, but its camera {camera.id} has {camera.width} x {camera.height}"
            f"{turned}; put the original photographs there, or make the model again"
        )


def _reduced_file(folder: Path, name: str, camera: Camera, factor: int, counts: Counter[str]) -> tuple[Path, int, int]:
    """The file to decode and the size to reduce it to: of images_FACTOR where its size is right, else of images."""
    file = folder / IMAGES / name
    if factor == 1:
        return file, camera.width, camera.height
    for suffix in dict.fromkeys((file.suffix, ".png", ".jpg", ".JPG", ".jpeg")):
        small = (folder / f"{IMAGES}_{factor}" / name).with_suffix(suffix)
        if small.is_file():
            seen = look(small)
            if abs(seen.width - camera.width / factor) < 1 and abs(seen.height - camera.height / factor) < 1:
                counts["small"] += 1
                return small, seen.width, seen.height
            counts["wrong"] += 1
            break
    return file, max(1, round(camera.width / factor)), max(1, round(camera.height / factor))


def _mask_file(folder: Path, name: str, sizes: set[tuple[int, int]]) -> Path | None:
    """The mask of the photograph `name`: masks/NAME.EXT.png, as COLMAP has it, or masks/NAME.png, or masks/NAME.EXT."""
    base = folder / MASKS / name
    for file in (base.with_name(base.name + ".png"), base.with_suffix(".png"), base):
        if file.is_file():
            seen = look(file)
            if (seen.width, seen.height) not in sizes:
                wanted = " or ".join(f"{width} x {height}" for width, height in sorted(sizes, reverse=True))
                raise InputError(
                    f"{file}: the mask has {seen.width} x {seen.height} px, its photograph {wanted}; make it as large"
                )
            return file
    return None


@cache
def _lenses(camera: Camera, width: int, height: int) -> tuple[Lens, Pinhole]:
    lens = camera.lens().scaled(width / camera.width, height / camera.height)
    return lens, ideal_camera(lens, width, height)


def _remarks(folder: Path, views: int, first: str, factor: int, counts: Counter[str]) -> list[str]:
    remarks = []
    if (folder / MASKS).is_dir():
        if not counts["masked"]:
            stem = PurePosixPath(first).with_suffix("")
            raise InputError(
                f"{folder / MASKS}: no mask has the name of a photograph, such as {stem}.png or {first}.png; "
                "rename them, or remove the folder"
            )
        if counts["masked"] < views:
            without = views - counts["masked"]
            remarks.append(f"{without:,} of {views:,} photographs have no mask: all of their pixels count")
    small = f"{IMAGES}_{factor}"
    if counts["wrong"]:
        remarks.append(f"{counts['wrong']:,} pictures in {small} have another size: reduced from {IMAGES} instead")
    if counts["small"]:
        remarks.append(f"{counts['small']:,} of {views:,} photographs are taken from {small}")
    return remarks
