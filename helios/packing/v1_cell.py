"""One cell of the v1 layout: bytes from splats, and splats from bytes.

A cell is `u32 n, n bytes of JSON, u32 raw size, LZ4 block`, little-endian. The JSON holds `id`, `bounds`,
`splat_count` and `compressed`; the block holds one RECORD per splat. `compressed` is always true here, and no known
reader looks at it.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lz4.block
import numpy as np
from numpy.typing import NDArray

from helios.cells import from_cell_units
from helios.color import LUMINANCE
from helios.errors import StoreError
from helios.grid import CellId
from helios.packing.bounds import bounded
from helios.packing.sight import rounded_offsets_m
from helios.splats import Splats

V1_DEPTH = 5
"""Depth of the grid that a v1 cell belongs to where nothing else says so: a cell does not record it."""

DEEPEST = 10
"""Deepest grid at which the cells of a universe are regrouped."""

RECORD = np.dtype(
    [
        ("position", "<f4", 3),  # metres from the centroid
        ("scale", "<f4", 3),  # metres
        ("rotation", "<f4", 4),  # xyzw
        ("color", "<f4", 3),  # linear RGB, 0 to 1
        ("opacity", "<f4"),  # 0 to 1
    ]
)

UNRESOLVED = 0.0025
"""Size of a splat, cell units, that no view has shown: cells are shown by splats from 4.5 units on, where this is half
a pixel of a screen, and trained from pictures where it is a quarter of one."""

LZ4_MAX_RATIO = 255
"""No LZ4 block expands further: a longer length takes one more byte per 255."""

LARGEST_BYTES = 1 << 28
"""Most bytes of a cell's records: 4.8 million splats. A file of 8 MB could announce 2 GB."""

SIDES_M = 1.0, 1e33
"""Least and most of the longest side of a cell's bounds, metres: far within, and beyond, any that the grid has."""

FARTHEST = 1e4
"""Most of a splat's distance from the centroid, and of its size, in longest sides of the bounds or, where that is more,
in distances of the centroid from the barycentre: the bounds of a single splat are much smaller than it may be."""

QUAT_NORM_TOLERANCE = 1e-4
"""Far above the rounding of float32 (1e-7), far below what damage to a leading digit does."""


@dataclass(frozen=True)
class V1Cell:
    """A decoded cell. Metres are barycentric mean ecliptic J2000, float64 where absolute, else float32.

    `bounds_min`, `bounds_max`, `centroid` float64 [3] metres; `means` [K, 3] metres from the centroid; `scales`
    [K, 3] metres; `quats` [K, 4] wxyz; `colors` [K, 3] linear RGB; `opacities` [K] in [0, 1].
    """

    id: CellId
    bounds_min: NDArray[np.float64]
    bounds_max: NDArray[np.float64]
    centroid: NDArray[np.float64]
    means: NDArray[np.float32]
    scales: NDArray[np.float32]
    quats: NDArray[np.float32]
    colors: NDArray[np.float32]
    opacities: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.means)

    @property
    def half_extent(self) -> float:
        """Half of the longest side of the bounds, metres: the cell's unit."""
        return float(np.max(self.bounds_max - self.bounds_min)) / 2

    def splats(self) -> Splats:
        """Return the splats in cell units, of luminance 1: what a colour has less of is taken from the opacity.

        Their means are float64, as exact as they are stored.
        """
        unit = self.half_extent
        luminance = np.sum(self.colors * LUMINANCE, axis=1)
        luminance = np.where(luminance > 0, luminance, 1.0)
        return Splats(
            means=self.means.astype(np.float64) / unit,
            quats=self.quats,
            scales=(self.scales.astype(np.float64) / unit).astype(np.float32),
            opacities=(self.opacities * luminance).astype(np.float32),
            colors=(self.colors / luminance[:, None]).astype(np.float32),
        )


def file_name(cell: CellId) -> str:
    """The name under which v1 keeps a cell: L_THETA_PHI.bin, of whatever depth it is."""
    return f"{cell.index_name}.bin"


def encode_cell(
    cell_id: CellId,
    origin_m: NDArray[np.float64],
    half_extent_m: float,
    bounds_m: tuple[NDArray[np.float64], NDArray[np.float64]],
    splats: Splats,
) -> bytes:
    """Return the bytes of one v1 cell; the same arguments give the same bytes.

    `origin_m` [3] and `bounds_m` (min [3], max [3]) are float64 metres, `splats` cell units of `half_extent_m`
    metres. The origin becomes the centroid; places are rounded by `helios.packing.sight`. Opacities and colours are
    held to [0, 1] by `helios.packing.bounds.bounded`: light and hue stay, sizes do not.
    """
    held = bounded(splats, UNRESOLVED)
    records = np.empty(len(splats), RECORD)
    records["position"] = rounded_offsets_m(from_cell_units(held.means, origin_m, half_extent_m), origin_m)
    records["scale"] = held.scales * half_extent_m
    records["rotation"] = np.roll(held.quats, -1, axis=1)
    records["color"] = held.colors
    records["opacity"] = held.opacities
    metadata = {
        "id": {"l": cell_id.l, "theta": cell_id.theta, "phi": cell_id.phi},
        "bounds": {"min": _point(bounds_m[0]), "max": _point(bounds_m[1]), "centroid": _point(origin_m)},
        "splat_count": len(splats),
        "compressed": True,
    }
    header = json.dumps(metadata, separators=(",", ":")).encode()
    block = lz4.block.compress(records.tobytes(), mode="high_compression", compression=12, store_size=True)
    return struct.pack("<I", len(header)) + header + block


def decode_cell(data: bytes, name: str, depth: int = V1_DEPTH) -> V1Cell:
    """Return the cell that `data` holds; `name` is what messages call it, `depth` that of its grid.

    Raises StoreError where the lengths, the JSON or the LZ4 block do not fit together, a value is not finite, a
    scale not positive, a quaternion not of norm 1, an opacity outside [0, 1], or the centroid outside the bounds.
    The layout has no checksum: a flipped bit that leaves a plausible number (a position, a colour, the low bits of
    anything) is not seen here. `helios.packing.v1_reader` sees it in a pack of Helios, which keeps CRCs beside it.
    """
    metadata, block = _split(data, name)
    cell_id, (low, high, centroid), count = _parse(metadata, name, depth)
    raw_size = struct.unpack_from("<I", block)[0]
    if raw_size != count * RECORD.itemsize or raw_size > min(LZ4_MAX_RATIO * len(block), LARGEST_BYTES):
        raise StoreError(
            f"{name}: damaged: {raw_size} bytes announced for {count} splats of {RECORD.itemsize} bytes "
            f"in a block of {len(block)}, at most {LARGEST_BYTES}"
        )
    try:
        raw = lz4.block.decompress(block)
    except lz4.block.LZ4BlockError as error:
        raise StoreError(f"{name}: damaged: its LZ4 block does not unpack ({error})") from error
    records = np.frombuffer(raw, RECORD)
    _check_values(records, name, FARTHEST * max(float(np.max(high - low)), float(np.linalg.norm(centroid))))
    return V1Cell(
        cell_id,
        bounds_min=low,
        bounds_max=high,
        centroid=centroid,
        means=records["position"],
        scales=records["scale"],
        quats=np.roll(records["rotation"], 1, axis=1),
        colors=records["color"],
        opacities=records["opacity"],
    )


def read_cell(path: Path, depth: int = V1_DEPTH) -> V1Cell:
    """Return the cell of one `.bin` file. Raises StoreError as `decode_cell`, OSError where it cannot be read."""
    return decode_cell(Path(path).read_bytes(), str(path), depth)


def _point(position) -> dict[str, float]:
    return dict(zip("xyz", map(float, position)))


def _split(data: bytes, name: str) -> tuple[Any, bytes]:
    """Return the metadata, parsed, and the block with its raw size before it."""
    length = struct.unpack_from("<I", data)[0] if len(data) >= 4 else 0
    if not 2 <= length <= len(data) - 9:  # 4 for the length itself, 4 for the raw size, 1 for the shortest block
        raise StoreError(f"{name}: truncated or damaged: {len(data)} bytes, header of {length}")
    try:
        metadata = json.loads(data[4 : 4 + length].decode())
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{name}: damaged: its header is no JSON ({error})") from error
    return metadata, data[4 + length :]


def _parse(metadata: Any, name: str, depth: int) -> tuple[CellId, list[NDArray[np.float64]], int]:
    """Return the id, [min, max, centroid] and the splat count."""
    try:
        index = [metadata["id"][key] for key in ("l", "theta", "phi")]
        corners = [[metadata["bounds"][c][axis] for axis in "xyz"] for c in ("min", "max", "centroid")]
        count = metadata["splat_count"]
        if any(type(v) not in (int, float) for corner in corners for v in corner):
            raise TypeError("bounds must be numbers")
        low, high, centroid = box = [np.array([float(v) for v in corner]) for corner in corners]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise StoreError(f"{name}: damaged: its header lacks a number ({error!r})") from error
    if any(type(v) is not int or not 0 <= v < 1 << 31 for v in (*index, count)):
        raise StoreError(f"{name}: damaged: its id {index} or splat_count {count!r} is no whole number from 0 to 2^31")
    if not (np.isfinite(box).all() and (low <= centroid).all() and (centroid <= high).all() and (low < high).any()):
        raise StoreError(f"{name}: damaged: centroid {centroid.tolist()} lies outside {low.tolist()} {high.tolist()}")
    if not SIDES_M[0] <= (side := float(np.max(high - low))) <= SIDES_M[1]:
        limits = "from {:g} to {:g}".format(*SIDES_M)
        raise StoreError(f"{name}: damaged: its bounds are {side:g} m wide, must be {limits}")
    return CellId(depth, *index), box, count


def _check_values(records: NDArray, name: str, farthest_m: float) -> None:
    numbers = records.view("<f4").reshape(-1, RECORD.itemsize // 4)
    norms = np.linalg.norm(records["rotation"].astype(np.float64), axis=1)
    for rule, broken in (
        ("must be finite numbers", ~np.isfinite(numbers).all(axis=1)),
        ("must be near its cell", ~(np.abs(numbers[:, :6]) <= farthest_m).all(axis=1)),
        ("must have scales > 0", ~(records["scale"] > 0).all(axis=1)),
        ("must have no colour below 0", ~(records["color"] >= 0).all(axis=1)),
        ("must have a rotation of norm 1", ~(np.abs(norms - 1) < QUAT_NORM_TOLERANCE)),
        ("must have an opacity in [0, 1]", ~((records["opacity"] >= 0) & (records["opacity"] <= 1))),
    ):
        if broken.any():
            splat = int(np.argmax(broken))
            raise StoreError(f"{name}: damaged: splat {splat} {rule}, holds {numbers[splat].tolist()}")
