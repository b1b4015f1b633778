"""Writes cells as glTF 2.0 with KHR_gaussian_splatting, Khronos' ratified extension for Gaussian splats.

Sources: glTF 2.0 (ISO/IEC 12113:2022), sections 3 and 4, and
https://github.com/KhronosGroup/glTF/tree/main/extensions/2.0/Khronos/KHR_gaussian_splatting.
"""

from __future__ import annotations

import base64
import json
import struct
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from helios import __version__
from helios.errors import InputError
from helios.packing.export import Exported
from helios.packing.shown import Shown
from helios.packing.splat_file import FileFrame, FileSplats, FloatFile, Tally

EXTENSION = "KHR_gaussian_splatting"

ATTRIBUTES = {
    "POSITION": "VEC3",
    f"{EXTENSION}:ROTATION": "VEC4",
    f"{EXTENSION}:SCALE": "VEC3",
    f"{EXTENSION}:OPACITY": "SCALAR",
    f"{EXTENSION}:SH_DEGREE_0_COEF_0": "VEC3",
}
WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}
FLOATS = sum(WIDTHS[kind] for kind in ATTRIBUTES.values())
"""float32 of one splat, one attribute after the other: what viewers call interleaved."""

FLOAT, ARRAY_BUFFER, POINTS = 5126, 34962, 0
"""glTF's numbers for float32, for a buffer of vertices and for the way to draw them."""

NORTH_UP = [-(0.5**0.5), 0.0, 0.0, 0.5**0.5]
"""Quaternion xyzw that turns ecliptic axes, z north, into glTF's, y up."""

GLB_LIMIT = 2**32 - 1
"""Bytes of a .glb file: its length is a 32-bit number."""


@dataclass(frozen=True)
class _Gltf(FloatFile):
    """Splats of trained cells and exact stars of others as the vertices of one primitive, all float32.

    Colours are linear RGB (`lin_rec709_display`) in the constant spherical harmonic. Opacities and colours are those of
    `helios.packing.bounds.bounded`; the frame is that of `SplatFile.frame`, and its origin and unit, metres, stand in
    `asset.extras`. A node turns ecliptic north up.
    """

    def write(self, shown: Shown, file: BinaryIO) -> Exported:
        """Write what is `shown` and say what of it. Memory: one part.

        Raises InputError where a .glb would have more than GLB_LIMIT bytes.
        """
        frame, tally = self.frame(shown), Tally()
        count = shown.count

        def vertices() -> Iterator[bytes]:
            for splats in self.parts(shown, frame):
                tally.add(splats)
                yield _vertices(splats).tobytes()

        notes = {"axes": "ecliptic J2000", "origin_m": frame.origin_m.tolist(), "unit_m": frame.unit_m}
        notes["shown"] = shown.text
        self._write(document(count, frame, notes), vertices(), file)
        return tally.exported(frame)

    @abstractmethod
    def _write(self, document: dict[str, Any], data: Iterator[bytes], file: BinaryIO) -> None:
        """Write the document and `data`, its only buffer."""


@dataclass(frozen=True)
class Glb(_Gltf):
    """glTF as one binary file."""

    def _write(self, document: dict[str, Any], data: Iterator[bytes], file: BinaryIO) -> None:
        text = json.dumps(document, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        size = document["buffers"][0]["byteLength"]
        total = 12 + 8 + len(text) + 8 + size
        if total > GLB_LIMIT:
            raise InputError(f"glb: {total:,} bytes, must be at most {GLB_LIMIT:,} (choose cells with --cells)")
        file.write(struct.pack("<4sII", b"glTF", 2, total))
        file.write(struct.pack("<I4s", len(text), b"JSON") + text)
        file.write(struct.pack("<I4s", size, b"BIN\0"))
        file.writelines(data)


@dataclass(frozen=True)
class Gltf(_Gltf):
    """glTF as one file of JSON, with the splats in Base64."""

    def _write(self, document: dict[str, Any], data: Iterator[bytes], file: BinaryIO) -> None:
        marker = "data:application/octet-stream;base64,"
        document["buffers"][0]["uri"] = marker
        before, after = json.dumps(document, indent=1).split(marker)
        file.write((before + marker).encode())
        left = b""
        for part in data:
            left += part
            whole = len(left) - len(left) % 3  # what fills letters of Base64 to the end
            file.write(base64.b64encode(left[:whole]))
            left = left[whole:]
        file.write(base64.b64encode(left) + f"{after}\n".encode())


def document(count: int, frame: FileFrame, notes: dict[str, Any]) -> dict[str, Any]:
    """Return the glTF document of `count` splats in `frame`, whose vertices are one buffer; `notes` are its extras."""
    accessors: list[dict[str, Any]] = []
    offset = 0
    for kind in ATTRIBUTES.values():
        accessors.append({"bufferView": 0, "byteOffset": offset, "componentType": FLOAT, "count": count, "type": kind})
        offset += 4 * WIDTHS[kind]
    accessors[0] |= {
        name: corner.astype(np.float32).tolist() for name, corner in (("min", frame.low), ("max", frame.high))
    }
    primitive = {
        "attributes": {name: number for number, name in enumerate(ATTRIBUTES)},
        "mode": POINTS,
        "extensions": {EXTENSION: {"kernel": "ellipse", "colorSpace": "lin_rec709_display"}},
    }
    size = 4 * FLOATS * count
    return {
        "asset": {"version": "2.0", "generator": f"helios {__version__}", "extras": notes},
        "extensionsUsed": [EXTENSION],
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "rotation": NORTH_UP}],
        "meshes": [{"primitives": [primitive]}],
        "accessors": accessors,
        "bufferViews": [{"buffer": 0, "byteLength": size, "byteStride": 4 * FLOATS, "target": ARRAY_BUFFER}],
        "buffers": [{"byteLength": size}],
    }


def _vertices(splats: FileSplats) -> NDArray[np.float32]:
    """Return ATTRIBUTES, float32 [K, FLOATS]."""
    xyzw = np.roll(splats.quats, -1, axis=1)
    return np.concatenate((splats.means, xyzw, splats.scales, splats.opacities[:, None], splats.sh0), axis=1).astype(
        "<f4"
    )
