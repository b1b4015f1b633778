"""Ephemerides of JPL: kernels of the format SPK, `.bsp`, read with jplephem."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.constants import AU_M, ICRS_TO_ECLIPTIC
from helios.errors import InputError
from helios.solar.ephemeris import BODIES, Ephemeris

NUMBERS = dict(zip(BODIES, ((10,), (199, 1), (299, 2), (399,), (301,), (4,), (5,), (6,), (7,), (8,), (9,))))
"""NAIF's numbers of a body: the first that a file has. Mercury and Venus are their own barycentres."""
BARYCENTRE = 0
AU_KM = AU_M / 1000


class SpkEphemeris(Ephemeris):
    """The ephemeris of a `.bsp`, over the dates for which it has all of `BODIES`."""

    def __init__(self, path: Path) -> None:
        """Open the file. Raises InputError where it is truncated, no SPK, or lacks a body or dates of one."""
        self.source = path.name
        self._pieces = _segments(path)
        self._chains = {body: self._chain(body, path) for body in BODIES}
        used = [self._pieces[number] for number in {number for chain in self._chains.values() for number in chain}]
        for pieces in used:
            for before, after in pairwise(pieces):
                if after.start_jd > before.end_jd or after.center != before.center:
                    raise InputError(f"{path}: body {after.target} has a gap or two centres at JD {after.start_jd}")
        self.jd_tdb = max(pieces[0].start_jd for pieces in used), min(pieces[-1].end_jd for pieces in used)
        if self.jd_tdb[0] >= self.jd_tdb[1]:
            raise InputError(f"{path}: no date has all of {', '.join(BODIES)}")

    def _chain(self, body: str, path: Path) -> list[int]:
        """The numbers whose segments add up to the body's place from the barycentre."""
        number = next((number for number in NUMBERS[body] if number in self._pieces), NUMBERS[body][-1])
        chain: list[int] = []
        while number != BARYCENTRE:
            if number not in self._pieces or number in chain:
                raise InputError(f"{path}: lacks {body} (NAIF {number}); use a planetary ephemeris, as de440.bsp")
            chain.append(number)
            number = self._pieces[number][0].center
        return chain

    def _barycentric(self, body: str, jd_tdb: NDArray[np.float64], derivative: int) -> NDArray[np.float64]:
        total = np.zeros((len(jd_tdb), 3))
        for number in self._chains[body]:
            left = np.ones(len(jd_tdb), bool)
            for segment in self._pieces[number]:
                here = left & (jd_tdb <= segment.end_jd)
                left &= ~here
                if here.any():
                    total[here] += _of_segment(segment, jd_tdb[here], derivative).T
        return np.einsum("ij,nj->ni", ICRS_TO_ECLIPTIC, total / AU_KM)


def _segments(path: Path) -> dict[int, list[Any]]:
    """The segments of a file by the number of what moves, the earliest first, mapped into memory."""
    from jplephem.daf import DAF
    from jplephem.spk import SPK

    size = path.stat().st_size
    by_target: dict[int, list[Any]] = {}
    with path.open("rb") as file:
        try:
            segments = SPK(DAF(file)).segments
        except (ValueError, struct.error) as error:
            raise InputError(f"{path}: no JPL ephemeris: {error}") from error
        needed = max((8 * segment.end_i for segment in segments), default=0)
        if size < needed:
            raise InputError(f"{path}: truncated: {size} bytes, must be at least {needed}")
        for segment in sorted(segments, key=lambda segment: (segment.target, segment.start_jd)):
            segment.compute(segment.start_jd)  # maps it, for which the file must be open
            by_target.setdefault(segment.target, []).append(segment)
    return by_target


def _of_segment(segment: Any, jd_tdb: NDArray[np.float64], derivative: int) -> NDArray[np.float64]:
    """Places, km, or velocities, km per day, [3, N] along the axes of ICRS."""
    if derivative:
        return np.asarray(segment.compute_and_differentiate(jd_tdb)[1])
    return np.asarray(segment.compute(jd_tdb))
