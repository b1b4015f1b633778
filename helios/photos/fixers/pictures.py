"""Views in a folder: pictures of one kind side by side, by the names that Difix3D's trainer gives the kinds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from helios.errors import HeliosError
from helios.image_file import as_image, png_bytes
from helios.photos.fixers.contract import View

CAMERAS = "cameras.json"


def picture_name(place: int) -> str:
    """Return the name of the picture of view number `place`."""
    return f"{place:05d}.png"


def levels(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return values in [0, 1] as 0 to 255."""
    return (np.clip(values, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def unit(values: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return 0 to 255 as float32 from 0 to 1."""
    return np.multiply(values, np.float32(1 / 255), dtype=np.float32)


def write_pictures(folder: Path, kind: str, pictures: Sequence[NDArray[np.uint8]]) -> None:
    """Write `pictures`, [H, W] or [H, W, 3], as folder/KIND/00000.png and so on."""
    (folder / kind).mkdir()
    for place, picture in enumerate(pictures):
        (folder / kind / picture_name(place)).write_bytes(png_bytes(as_image(picture)))


def write_views(folder: Path, views: Sequence[View], nearest: Sequence[int], extra: dict | None = None) -> None:
    """Write Pred/, Ref/, Alpha/ and cameras.json of `views`; view k's Ref is photograph `nearest`[k].

    cameras.json: {"views": [{"name", "viewmat" (world to camera, OpenCV's axes), "K" (px), "width", "height",
    "reference"}, ...]} and what `extra` adds.
    """
    references = [view.references[place] for view, place in zip(views, nearest)]
    write_pictures(folder, "Pred", [levels(view.render) for view in views])
    write_pictures(folder, "Alpha", [levels(view.alpha) for view in views])
    write_pictures(folder, "Ref", [reference.photograph.image() for reference in references])
    listed = [
        {
            "name": picture_name(place),
            "viewmat": view.camera.viewmat.tolist(),
            "K": view.camera.K.tolist(),
            "width": view.camera.width,
            "height": view.camera.height,
            "reference": reference.photograph.name,
        }
        for place, (view, reference) in enumerate(zip(views, references))
    ]
    (folder / CAMERAS).write_text(json.dumps({**(extra or {}), "views": listed}, indent=1) + "\n")


def read_picture(
    path: Path, width: int, height: int, mode: str, error: type[HeliosError], remedy: str
) -> NDArray[np.uint8]:
    """Return the picture in `path` as uint8 [H, W] (mode "L") or [H, W, 3] ("RGB").

    Raises `error`, with `remedy`, where it is missing, damaged or of another size.
    """
    try:
        with Image.open(path) as picture:
            found = picture.size
            pixels = np.asarray(picture.convert(mode))
    except FileNotFoundError:
        raise error(f"{path}: missing; {remedy}") from None
    except (UnidentifiedImageError, OSError, SyntaxError) as failure:
        raise error(f"{path}: not a picture ({failure}); {remedy}") from failure
    if found != (width, height):
        raise error(f"{path}: {found[0]} x {found[1]} pixels, must be {width} x {height}; {remedy}")
    return pixels
