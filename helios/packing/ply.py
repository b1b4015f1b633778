"""Writes cells as the PLY file of 3D Gaussian splatting, which common splat viewers and editors read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from helios.packing.export import Exported
from helios.packing.ply_layout import ANTIALIASED, header, vertices
from helios.packing.shown import Shown
from helios.packing.splat_file import FileSplats, FloatFile, Tally


@dataclass(frozen=True)
class Ply(FloatFile):
    """Gaussian splatting's PLY, binary little-endian: of trained cells their splats, of others their exact stars.

    Properties: position, normal (zero), f_dc = (rgb - 0.5) / SH_C0 of linear RGB, logit opacity, natural logarithms
    of the standard deviations, rotation wxyz; all float32. Origin and unit of `SplatFile.frame` stand in the header's
    comments, in metres, and SplatRenderMode says that splats are to be drawn with their light independent of the size
    of a pixel (gsplat's "antialiased"). Opacities and colours are those of `helios.packing.bounds.bounded`.
    """

    def write(self, shown: Shown, file: BinaryIO) -> Exported:
        """Write what is `shown` and say what of it. Memory: one part."""
        frame, tally = self.frame(shown), Tally()
        comments = [
            "3D Gaussians; linear RGB; ecliptic J2000 axes",
            ANTIALIASED,
            "origin_m " + " ".join(repr(float(x)) for x in frame.origin_m),
            f"unit_m {frame.unit_m!r}",
            shown.text,
        ]
        file.write(header(comments, shown.count))
        for splats in self.parts(shown, frame):
            tally.add(splats)
            file.write(_vertices(splats).tobytes())
        return tally.exported(frame)


def _vertices(splats: FileSplats) -> NDArray[np.float32]:
    """Return the vertices of a part, float32 [K, 17]."""
    opacity = splats.opacities.astype(np.float64)
    logits, none = np.log(opacity / (1 - opacity)), np.zeros((len(splats), 0))
    return vertices(splats.means, splats.sh0, none, logits, np.log(splats.scales), splats.quats)
