"""The layout of Gaussian splatting's PLY file, which cells and scenes from photographs share.

Source: the reference implementation of 3D Gaussian Splatting (Kerbl et al. 2023), `save_ply`; SplatRenderMode is
Brush's comment, which splat-transform and SuperSplat read and write too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ANTIALIASED = "SplatRenderMode: mip"
"""The comment of splats that are to be drawn with their light independent of the size of a pixel."""


def properties(rest: int = 0) -> tuple[str, ...]:
    """Return the names of a vertex's properties in order; `rest` coefficients of spherical harmonics follow f_dc."""
    return (
        *("x", "y", "z", "nx", "ny", "nz"),
        *(f"f_dc_{i}" for i in range(3)),
        *(f"f_rest_{i}" for i in range(rest)),
        "opacity",
        *(f"scale_{i}" for i in range(3)),
        *(f"rot_{i}" for i in range(4)),
    )


def header(comments: Sequence[str], count: int, rest: int = 0) -> bytes:
    """Return the head of a binary little-endian file of `count` vertices whose `properties` are all float32."""
    lines = [
        "ply",
        "format binary_little_endian 1.0",
        *(f"comment {comment}" for comment in comments),
        f"element vertex {count}",
        *(f"property float {name}" for name in properties(rest)),
        "end_header",
    ]
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def vertices(
    means: NDArray, sh0: NDArray, rest: NDArray, logits: NDArray, log_scales: NDArray, quats: NDArray
) -> NDArray[np.float32]:
    """Return K vertices, float32 [K, 17 + R], in the order of `properties`.

    `means` [K, 3], `sh0` [K, 3] and `rest` [K, R] coefficients of spherical harmonics, of `rest` all of red before
    those of green and of blue; `logits` [K] of opacities, `log_scales` [K, 3] natural logarithms of standard
    deviations, `quats` [K, 4] wxyz.
    """
    values = (means, np.zeros((len(means), 3), np.float32), sh0, rest, logits[:, None], log_scales, quats)
    return np.concatenate(values, axis=1).astype("<f4")
