"""The file `catalogs/ephemeris.bin.gz`, whose bytes `client_export/FORMAT.md` describes, as numbers."""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError
from helios.gzipped import DAMAGED_GZIP

MAGIC, VERSION = b"HEPH", 1
START = struct.Struct("<4sII")
"""Magic, CRC-32 of all that follows it, and the length of the header."""
ROW = struct.Struct("<BBiH")
"""Order of the predictor, parameter of the Rice code, first value, bytes of unary code."""
WEIGHT_BITS = 12
"""Weights of predictors are whole numbers of 2^-12."""


@dataclass(frozen=True)
class Series:
    """The place of one thing against `centre`, by polynomials over equal intervals from the first date on."""

    centre: str
    """`Sun`, `Earth` or `barycentre`."""
    days: float
    """The length of an interval."""
    coefficients: NDArray[np.float64]
    """[degree + 1, intervals, 3], au, of Chebyshev polynomials of the first kind, along the axes of the universe."""


@dataclass(frozen=True)
class EphemerisFile:
    """What the file says."""

    source: str
    jd_tdb: tuple[float, float]
    moon_share: float
    """The Moon's share of its mass and the Earth's."""
    series: dict[str, Series]
    """By `Sun`, `Mercury`, `Venus`, `Earth-Moon`, which is their barycentre, `Moon`, which is geocentric, and so on."""


def read_file(path: Path) -> EphemerisFile:
    """Return what a file says. Raises InputError where it is truncated, edited, or of another format or version."""
    try:
        data = gzip.decompress(path.read_bytes())
    except DAMAGED_GZIP as error:
        raise InputError(f"{path}: truncated or edited, it does not unpack: {error}") from error
    if len(data) < START.size or data[:4] != MAGIC:
        raise InputError(f"{path}: no ephemeris of Helios: it must begin with {MAGIC!r}, unpacked")
    _, crc, length = START.unpack_from(data)
    if zlib.crc32(data[8:]) != crc:
        raise InputError(
            f"{path}: edited: its CRC-32 is {zlib.crc32(data[8:]):08x}, not {crc:08x}; install Helios again"
        )
    header = json.loads(data[START.size : START.size + length])
    if header["version"] != VERSION:
        raise InputError(f"{path}: version {header['version']}, this Helios reads {VERSION}; install the newer Helios")
    series, at = {}, START.size + length
    for entry in header["series"]:
        values, at = _rows(data, at, 3 * (entry["degree"] + 1), entry["intervals"])
        coefficients = values.reshape(-1, 3, entry["intervals"]).transpose(0, 2, 1) * entry["step"]
        series[entry["name"]] = Series(entry["centre"], entry["days"], np.ascontiguousarray(coefficients))
    first, last = header["jd_tdb"]
    return EphemerisFile(header["source"], (first, last), header["moon_share"], series)


def _rows(data: bytes, at: int, rows: int, count: int) -> tuple[NDArray[np.int64], int]:
    """Return `rows` rows of `count` whole numbers that begin at byte `at`, and where they end."""
    orders, firsts, weights = [], [], []
    residuals = np.empty((rows, count), np.int64)
    for row in residuals:
        order, k, first, unary = ROW.unpack_from(data, at)
        at += ROW.size
        weights.append(np.frombuffer(data, "<i2", order, at).astype(np.int64))
        at += 2 * order
        row[:] = _rice(data, at, k, unary, count)
        at += -(-count * k // 8) + unary
        orders.append(order)
        firsts.append(first)
    return recover(residuals, weights) + np.array(firsts)[:, None], at


def _rice(data: bytes, at: int, k: int, unary: int, count: int) -> NDArray[np.int64]:
    """Return `count` signed numbers: their `k` low bits, then the rest of each as so many zeros before a one."""
    size = -(-count * k // 8)
    low = np.unpackbits(np.frombuffer(data, np.uint8, size, at), bitorder="little")[: count * k].reshape(count, k)
    ones = np.flatnonzero(np.unpackbits(np.frombuffer(data, np.uint8, unary, at + size), bitorder="little"))
    folded = (np.diff(ones, prepend=-1) - 1 << k) + low @ (1 << np.arange(k, dtype=np.int64))
    return np.where(folded & 1, -(folded + 1 >> 1), folded >> 1)


def recover(residuals: NDArray[np.int64], weights: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return the numbers [R, N] that differ by `residuals` from what is predicted of the ones before, row by row.

    Weight k of a row, times 2^-12, goes to the number k + 1 before it. Where there are not so many numbers before, the
    last one is predicted; for the first, 0.
    """
    rows, count = residuals.shape
    orders = np.array([len(row) for row in weights])
    most = max(1, int(orders.max()))
    oldest_first = np.zeros((rows, most), np.int64)
    for row, values in zip(oldest_first, weights):
        row[most - len(values) :] = values[::-1]
    numbers = np.zeros((rows, most + count), np.int64)
    for i in range(count):
        predicted = (numbers[:, i : i + most] * oldest_first).sum(axis=1) + (1 << WEIGHT_BITS - 1) >> WEIGHT_BITS
        numbers[:, most + i] = residuals[:, i] + np.where(i < orders, numbers[:, most + i - 1], predicted)
    return numbers[:, most:]
