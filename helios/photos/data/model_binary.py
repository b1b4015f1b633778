"""COLMAP's binary files: little endian, a count first, then a record each."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError
from helios.photos.data.lenses import LENSES, Camera

NUMBERS = {
    0: "SIMPLE_PINHOLE",
    1: "PINHOLE",
    2: "SIMPLE_RADIAL",
    3: "RADIAL",
    4: "OPENCV",
    5: "OPENCV_FISHEYE",
    6: "FULL_OPENCV",
    8: "SIMPLE_RADIAL_FISHEYE",
    9: "RADIAL_FISHEYE",
}
"""COLMAP's numbers of the models in `LENSES`."""

LONGEST_NAME = 4096


class Records:
    """A file that is read from its beginning to its end. Raises InputError where it ends too early."""

    def __init__(self, file: Path):
        self.file, self.data, self.at = file, file.read_bytes(), 0

    def take(self, form: str) -> tuple:
        """Return the next values, of the kinds that `form` has as in `struct`."""
        size = struct.calcsize("<" + form)
        self.skip(size)
        return struct.unpack_from("<" + form, self.data, self.at - size)

    def skip(self, size: int) -> None:
        self.at += size
        if self.at > len(self.data):
            raise self.damaged(f"ends after {len(self.data):,} bytes, in the middle of a record")

    def name(self) -> str:
        """Return the next text, which ends with a zero byte."""
        end = self.data.find(b"\0", self.at, self.at + LONGEST_NAME)
        if end < 0:
            raise self.damaged(f"no name at byte {self.at:,}")
        start, self.at = self.at, end + 1
        try:
            return self.data[start:end].decode()
        except UnicodeDecodeError:
            raise self.damaged(f"no name at byte {start:,}") from None

    def end(self) -> None:
        if self.at != len(self.data):
            raise self.damaged(f"goes on for {len(self.data) - self.at:,} bytes after its last record")

    def damaged(self, what: str) -> InputError:
        return InputError(f"{self.file}: damaged, {what}; copy it again, or make the model again")


def read_cameras(file: Path) -> Iterator[Camera]:
    """Yield the cameras of cameras.bin. Raises InputError where the file is damaged or has another kind of camera."""
    records = Records(file)
    for _ in range(*records.take("Q")):
        id, kind, width, height = records.take("IiQQ")
        model = NUMBERS.get(kind)
        if model is None:
            raise InputError(
                f"{file} camera {id}: its model has the number {kind}, Helios reads {', '.join(LENSES)}; "
                "undistort the photographs by colmap image_undistorter first"
            )
        yield Camera(id, model, width, height, records.take(f"{LENSES[model].parameters}d"))
    records.end()


def read_views(file: Path) -> Iterator[tuple[str, int, NDArray[np.float64]]]:
    """Yield name, camera's number and pose of the photographs of images.bin. Raises InputError where it is damaged."""
    records = Records(file)
    for _ in range(*records.take("Q")):
        _, *pose, camera_id = records.take("I7dI")
        name = records.name()
        (points,) = records.take("Q")
        records.skip(24 * points)
        yield name, camera_id, np.array(pose)
    records.end()


def read_points(file: Path) -> tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.float32]]:
    """Return points [P, 3], colours [P, 3] and errors [P] of points3D.bin, by number. Raises as `read_views`."""
    records = Records(file)
    (count,) = records.take("Q")
    if 51 * count > len(records.data):
        raise records.damaged(f"is too short for {count:,} points")
    found = np.empty(count, [("id", "u8"), ("point", "f8", 3), ("color", "u1", 3), ("error", "f8")])
    for row in range(count):
        id, x, y, z, r, g, b, error, track = records.take("Q3d3BdQ")
        records.skip(8 * track)
        found[row] = id, (x, y, z), (r, g, b), error
    records.end()
    found = found[np.argsort(found["id"], kind="stable")]
    return found["point"].copy(), found["color"].copy(), found["error"].astype(np.float32)
