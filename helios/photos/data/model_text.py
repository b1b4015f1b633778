"""COLMAP's text files: a row per camera and point, two per photograph; rows that begin with # say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError
from helios.photos.data.lenses import Camera


def read_cameras(file: Path) -> Iterator[Camera]:
    """Yield the cameras of cameras.txt. Raises InputError, naming the row, where it cannot be read."""
    for number, row in _rows(file):
        with _reading(file, number, row, "CAMERA_ID MODEL WIDTH HEIGHT PARAMS[]"):
            id, model, width, height, *params = row.split()
            camera = Camera(int(id), model, int(width), int(height), tuple(map(float, params)))
        yield camera


def read_views(file: Path) -> Iterator[tuple[str, int, NDArray[np.float64]]]:
    """Yield name, camera's number and pose of the photographs of images.txt. Raises InputError as `read_cameras`."""
    rows = _rows(file, empty=True)
    for number, row in rows:
        if not row:
            continue
        with _reading(file, number, row, "IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME"):
            _, *pose, camera_id, name = row.split(None, 9)
            view = name.strip(), int(camera_id), np.array(pose, float)
            if len(pose) != 7:
                raise ValueError("too few values")
        next(rows, None)  # the row of its 2D points
        yield view


def read_points(file: Path) -> tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.float32]]:
    """Return points [P, 3], colours [P, 3] and errors [P] of points3D.txt, by number. Raises as `read_cameras`."""
    found = []
    for number, row in _rows(file):
        with _reading(file, number, row, "POINT3D_ID X Y Z R G B ERROR TRACK[]"):
            id, x, y, z, r, g, b, error, *_ = row.split(None, 8)
            color = int(r), int(g), int(b)
            if not all(0 <= value <= 255 for value in color):
                raise ValueError("a colour is from 0 to 255")
            found.append((int(id), float(x), float(y), float(z), *color, float(error)))
    found.sort(key=lambda row: row[0])
    table = np.array(found, float).reshape(-1, 8)
    return table[:, 1:4].copy(), table[:, 4:7].astype(np.uint8), table[:, 7].astype(np.float32)


def _rows(file: Path, empty: bool = False) -> Iterator[tuple[int, str]]:
    """Yield number and text of each row that is no comment, of empty ones too with `empty`."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not text in UTF-8 ({error.reason} at byte {error.start:,})") from None
    for number, row in enumerate(text.split("\n"), start=1):
        row = row.strip()
        if not row.startswith("#") and (row or empty):
            yield number, row


@contextmanager
def _reading(file: Path, number: int, row: str, form: str) -> Iterator[None]:
    try:
        yield
    except ValueError:
        shown = row if len(row) <= 60 else f"{row[:60]}..."
        raise InputError(f"{file} row {number:,}: {shown!r} is not {form}; make the model again") from None
