"""Pictures as PNG, in the page itself."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray


def encode_png(rgb: NDArray[np.uint8]) -> bytes:
    """Return `rgb` [H, W, 3] as a PNG (ISO/IEC 15948), sRGB, each row filtered as the difference to the one above."""
    height, width = rgb.shape[:2]
    rows = rgb.reshape(height, -1)
    up = rows - np.concatenate([np.zeros_like(rows[:1]), rows[:-1]])  # modulo 256, as uint8 is
    filtered = np.concatenate([np.full((height, 1), 2, np.uint8), up], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(filtered.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_url(png: bytes) -> str:
    """Return the address that holds the PNG itself."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
