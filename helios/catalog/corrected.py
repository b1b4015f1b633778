"""A catalogue whose parallaxes are corrected by their zero point, before anything is cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.catalog import Reader
from helios.catalog.row_cuts import single
from helios.catalog.table import ZERO_POINT_COLUMNS, StarTable
from helios.catalog.zero_point import parallax_zero_point_mas
from helios.constants import ICRS_TO_ECLIPTIC


class CorrectedReader:
    """`reader`, with the zero point of Gaia's parallaxes subtracted from them.

    `reader` must be of a file, and read ZERO_POINT_COLUMNS. A row without a zero point, which stars brighter than 6
    are too, keeps its parallax. After `chunks` has been gone through, `corrected` and `uncorrected` are the numbers of
    rows with a parallax of the two kinds. Raises InputError where the package with the zero points is not installed.
    """

    def __init__(self, reader: Reader):
        parallax_zero_point_mas([], [], [], [], [])
        self.reader = reader
        self.name, self.row_unit, self.identified = reader.name, reader.row_unit, reader.identified
        self.path, self.schema, self.sources = reader.path, reader.schema, reader.sources
        self.corrected = self.uncorrected = 0

    def provenance(self) -> dict[str, Any]:
        """That of the file."""
        return self.reader.provenance()

    def chunks(self) -> Iterator[StarTable]:
        """Yield the rows as the file's reader does, and raise what it raises."""
        self.corrected = self.uncorrected = 0
        for table in self.reader.chunks():
            zero_point = _zero_point_mas(table)
            known, measured = np.isfinite(zero_point), np.isfinite(table.parallax)
            self.corrected += int(np.count_nonzero(known & measured))
            self.uncorrected += int(np.count_nonzero(~known & measured))
            parallax = np.where(known, table.parallax - zero_point, table.parallax)
            yield table.with_columns(parallax=parallax, **dict.fromkeys(ZERO_POINT_COLUMNS))


def _zero_point_mas(table: StarTable) -> NDArray[np.float64]:
    """Zero points [N], mas; NaN where there is none."""
    # What is no direction has no latitude, and goes by a cut of its own.
    with np.errstate(invalid="ignore"):
        ra, dec = np.deg2rad(table.ra), np.deg2rad(table.dec)
        north = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)
        latitude = np.rad2deg(np.arcsin(np.clip(north @ ICRS_TO_ECLIPTIC[2], -1.0, 1.0)))
    return parallax_zero_point_mas(
        single(table.phot_g_mean_mag),
        single(table.nu_eff_used_in_astrometry),
        single(table.pseudocolour),
        latitude,
        table.astrometric_params_solved,
    )
