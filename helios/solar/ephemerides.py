"""Which ephemerides there are: the one that ships, and any `.bsp` of JPL."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from helios.catalogs_path import embedded
from helios.errors import InputError
from helios.gzipped import is_gzip
from helios.solar.chebyshev import ChebyshevEphemeris
from helios.solar.ephemeris import Ephemeris
from helios.solar.spk import SpkEphemeris


def load_ephemeris(path: Path | None = None) -> Ephemeris:
    """Return the ephemeris of a file, JPL's `.bsp` or one like `catalogs/ephemeris.bin.gz`; without a path that one.

    What ships has 1900 to 2100 within 1e-6 au of DE440, the Moon within 1e-7 au of the Earth's centre; it is read once.
    Raises InputError where the file is missing, truncated, edited, of another format, or lacks a body of
    `helios.solar.ephemeris.BODIES`.
    """
    if path is None:
        return _shipped()
    try:
        compressed = is_gzip(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if compressed:
        return ChebyshevEphemeris(path)
    return SpkEphemeris(path)


@cache
def _shipped() -> Ephemeris:
    return ChebyshevEphemeris(embedded("ephemeris.bin.gz"))
