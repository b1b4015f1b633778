"""A COLMAP model: cameras, where they stood, and points; found in a folder, read from its files, and checked.

The files are those of https://colmap.github.io/format.html. Helios reads them itself, so that training needs no COLMAP.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError
from helios.photos.data import model_binary, model_text
from helios.photos.data.lenses import LENSES, Camera

PLACES = ("sparse/0", "sparse", "colmap/sparse/0")
"""Where in a data set a model is looked for, in this order."""

PARTS = ("cameras", "images", "points3D")
ENDINGS = (".bin", ".txt")


@dataclass(frozen=True, eq=False)
class View:
    """One photograph of a model: its file's name below images/, and where it was taken."""

    name: str
    camera_id: int
    viewmat: NDArray[np.float64]  # [4, 4] world to camera


@dataclass(frozen=True, eq=False)
class Model:
    """All that Helios takes from a COLMAP model; views in the order of their names, points in that of their numbers."""

    folder: Path
    cameras: dict[int, Camera]
    views: tuple[View, ...]
    points: NDArray[np.float64]  # [P, 3]
    colors: NDArray[np.uint8]  # [P, 3]
    errors: NDArray[np.float32]  # [P] px


def find_model(data: Path) -> Path:
    """Return the folder of the COLMAP model of the data set `data`.

    Raises InputError, saying where it was looked for, where there is none, or only a part of one.
    """
    if not data.is_dir():
        raise InputError(f"{data}: no such folder; name the folder of a data set, with images/ and sparse/0/ in it")
    begun = None
    for place in PLACES:
        for ending in ENDINGS:
            files = [data / place / f"{part}{ending}" for part in PARTS]
            missing = [file for file in files if not file.is_file()]
            if not missing:
                return data / place
            if begun is None and len(missing) < len(PARTS):
                begun = missing[0]
    if begun is not None:
        raise InputError(f"{begun}: missing, a model is cameras, images and points3D together; copy it whole")
    places = ", ".join(PLACES)
    raise InputError(f"{data}: no COLMAP model in {places}; make one by helios scene prepare IMAGES -o DATA")


def read_model(folder: Path) -> Model:
    """Return the COLMAP model in `folder`, binary where it is there, else text.

    Raises InputError, naming file and row, where a file is damaged, a camera is of a kind that Helios does not
    undistort, a number is not finite, or a photograph has no camera.
    """
    binary = all((folder / f"{part}.bin").is_file() for part in PARTS)
    reader, ending = (model_binary, ".bin") if binary else (model_text, ".txt")
    files = [folder / f"{part}{ending}" for part in PARTS]
    cameras = _checked_cameras(files[0], reader.read_cameras(files[0]))
    views = _checked_views(files[1], reader.read_views(files[1]), cameras)
    points, colors, errors = reader.read_points(files[2])
    bad = np.flatnonzero(~np.isfinite(points).all(1))
    if len(bad):
        place = " ".join(f"{value:g}" for value in points[bad[0]])
        raise InputError(f"{files[2]} point {bad[0] + 1:,}: lies at {place}, must be finite; make the model again")
    return Model(folder, cameras, views, points, colors, errors)


def _checked_cameras(file: Path, cameras: Iterable[Camera]) -> dict[int, Camera]:
    found: dict[int, Camera] = {}
    for camera in cameras:
        where = f"{file} camera {camera.id}"
        lens = LENSES.get(camera.model)
        if lens is None:
            raise InputError(
                f"{where}: its model is {camera.model}, Helios reads {', '.join(LENSES)}; "
                "undistort the photographs by colmap image_undistorter first"
            )
        if len(camera.params) != lens.parameters:
            raise InputError(f"{where}: {camera.model} has {lens.parameters} parameters, got {len(camera.params)}")
        if not 0 < min(camera.width, camera.height) <= max(camera.width, camera.height) <= 100_000:
            raise InputError(f"{where}: {camera.width} x {camera.height} px, must be from 1 to 100,000 along each side")
        if not np.isfinite(camera.params).all() or min(camera.lens().fx, camera.lens().fy) <= 0:
            values = " ".join(f"{value:g}" for value in camera.params)
            raise InputError(f"{where}: parameters {values}, must be finite, and its focal length above 0 px")
        if camera.id in found:
            raise InputError(f"{where}: is there twice; make the model again")
        found[camera.id] = camera
    return found


def _checked_views(
    file: Path, rows: Iterable[tuple[str, int, NDArray[np.float64]]], cameras: dict[int, Camera]
) -> tuple[View, ...]:
    """`rows` are a name, a camera's number, and a pose: quaternion wxyz and translation, [7]."""
    views: dict[str, View] = {}
    for name, camera_id, pose in rows:
        where = f"{file} image {name}"
        if camera_id not in cameras:
            known = ", ".join(map(str, sorted(cameras))) or "none"
            raise InputError(f"{where}: taken by camera {camera_id}, but the model has {known}; make the model again")
        length = np.linalg.norm(pose[:4])
        if not np.isfinite(pose).all() or length == 0:
            values = " ".join(f"{value:g}" for value in pose)
            raise InputError(f"{where}: pose {values}, must be finite, and its quaternion not 0; make the model again")
        if name in views:
            raise InputError(f"{where}: is there twice; make the model again")
        viewmat = np.eye(4)
        viewmat[:3, :3] = rotation_matrix(pose[:4] / length)
        viewmat[:3, 3] = pose[4:]
        views[name] = View(name, camera_id, viewmat)
    if not views:
        raise InputError(f"{file}: no photograph has a pose; make the model again, from photographs that overlap")
    return tuple(views[name] for name in sorted(views))


def rotation_matrix(quat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rotation matrix [3, 3] of the unit quaternion wxyz [4]."""
    w, x, y, z = quat
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
