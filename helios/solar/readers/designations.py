"""Designations of minor planets, from the packed form of the Minor Planet Center to the one that people read.

Source of the forms: minorplanetcenter.net/iau/info/PackedDes.html
"""

from __future__ import annotations

import numpy as np
from mpc_designation import MPCDesignationError, unpack_asteroid
from numpy.typing import NDArray

LONGEST = 12
"""Characters of the longest unpacked designation of a minor planet."""

FIRST_TILDE = 620_000
"""Number of `~0000`."""


def unpack(packed: NDArray[np.uint8]) -> tuple[NDArray[np.str_], NDArray[np.bool_]]:
    """Return the designations of `packed`, [N, 7] uint8, and which are none: `00001` is 1, `J95X00A` 1995 XA.

    Numbers and ordinary provisional designations are unpacked as columns. The rare others, of surveys and of half
    months with more than 15,500 discoveries, are left to mpc-designation, one by one.
    """
    digit = (packed >= ord("0")) & (packed <= ord("9"))
    upper = (packed >= ord("A")) & (packed <= ord("Z"))
    lower = (packed >= ord("a")) & (packed <= ord("z"))
    value = packed.astype(np.int64) - np.select([digit, upper, lower], [48, 55, 61])
    alike = digit | upper | lower
    designations = np.full(len(packed), "", dtype=f"U{LONGEST}")

    short = (packed[:, 5:] == ord(" ")).all(axis=1)
    number = value[:, :5] @ (10_000, 1_000, 100, 10, 1)
    plain = short & digit[:, 1:5].all(axis=1) & alike[:, 0]
    tilde = short & (packed[:, 0] == ord("~")) & alike[:, 1:5].all(axis=1)
    number = np.where(tilde, FIRST_TILDE + value[:, 1:5] @ (62**3, 62**2, 62, 1), number)
    numbered = (plain & (number > 0)) | tilde
    designations[numbered] = number[numbered].astype(f"U{LONGEST}")

    half_month = upper[:, 3] & (packed[:, 3] != ord("I")) & (packed[:, 3] != ord("Z"))
    second = upper[:, 6] & (packed[:, 6] != ord("I"))
    century = (packed[:, 0] >= ord("I")) & (packed[:, 0] <= ord("L"))
    ordinary = century & digit[:, 1:3].all(axis=1) & half_month & alike[:, 4] & digit[:, 5] & second
    designations[ordinary] = _provisional(packed[ordinary], value[ordinary])

    bad = np.zeros(len(packed), dtype=bool)
    for row in np.flatnonzero(~numbered & ~ordinary):
        try:
            designations[row] = unpack_asteroid(packed[row].tobytes().decode("latin-1").strip())
        except MPCDesignationError:
            bad[row] = True
    return designations, bad


def _provisional(packed: NDArray[np.uint8], value: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return `2014 WT625` of `K14Wb5T`: letters of year, half month, and a count that is left out where it is 0."""
    chars = np.zeros((len(packed), LONGEST), dtype=np.uint32)
    year = value[:, 0] * 100 + value[:, 1] * 10 + value[:, 2]
    for place, power in enumerate((1000, 100, 10, 1)):
        chars[:, place] = year // power % 10 + ord("0")
    chars[:, 4], chars[:, 5], chars[:, 6] = ord(" "), packed[:, 3], packed[:, 6]
    count = value[:, 4] * 10 + value[:, 5]
    digits = np.select([count >= 100, count >= 10, count >= 1], [3, 2, 1])
    for place in range(3):
        shown = place < digits
        power = 10 ** np.maximum(digits - 1 - place, 0)
        chars[shown, 7 + place] = (count // power % 10 + ord("0"))[shown]
    return chars.view(f"U{LONGEST}")[:, 0]
