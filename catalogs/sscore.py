"""Reads the SSCore catalogues (stars and deep sky) that the shipped files are made from."""

from __future__ import annotations

import csv
import gzip
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """One row: position in degrees (ICRS, J2000), motion in mas per year (with cos dec) and km/s.

    What is not catalogued is NaN or an empty text.
    """

    kind: str
    ra_deg: float
    dec_deg: float
    pmra: float
    pmdec: float
    radial_velocity: float
    v_mag: float
    b_mag: float
    distance_pc: float
    spectrum: str
    size_arcmin: float
    designations: tuple[str, ...]
    names: tuple[str, ...]

    def number_in(self, catalogue: str) -> str:
        """The entry's number in a catalogue, `"424"` of `HIP` for `HIP 424`; an empty text where it has none.

        Only what begins with a digit is a number: `HR CMa` is a variable star, not a row of the HR catalogue.
        """
        found = (d.removeprefix(catalogue + " ") for d in self.designations if d.startswith(catalogue + " "))
        return next((number for number in found if number[:1].isdecimal()), "")


def read(path: Path) -> Iterator[Entry]:
    """Yield the rows of a gzipped SSCore CSV, in its order. The header names the columns; each line ends in a comma."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            dec_deg = round(sexagesimal(row["Dec"]), 9)
            # Seconds of time a year, without cos dec; deep-sky tables have no motions.
            pmra = 15_000.0 * _number(row.get("pmRA", "")) * math.cos(math.radians(dec_deg))
            yield Entry(
                kind=row["Type"],
                ra_deg=round(15.0 * sexagesimal(row["RA"]), 9),
                dec_deg=dec_deg,
                pmra=pmra,
                pmdec=1000.0 * _number(row.get("pmDec", "")),
                radial_velocity=_number(row.get("RV", "")),
                v_mag=_number(row["V"]),
                b_mag=_number(row["B"]),
                distance_pc=_number(row["Dist"]),
                spectrum=row.get("Spec") or row.get("Morph") or "",
                size_arcmin=_number(row.get("Maj", "")),
                designations=tuple(filter(None, row["IDs"].split(";"))),
                names=tuple(filter(None, row["Names"].split(";"))),
            )


def slug(text: str) -> str:
    """Lower-case letters and digits, anything else turned into single hyphens: `"Barnard's Star"`, `barnards-star`."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("'", "")).strip("-")


def _number(text: str) -> float:
    return float(text) if text.strip() else math.nan


def sexagesimal(text: str) -> float:
    """Units of the first part. The sign is the first part's; a later `-0.00`, which occurs, is a zero."""
    whole, minutes, seconds = text.split()
    value = abs(int(whole)) + int(minutes) / 60 + abs(float(seconds)) / 3600
    return -value if whole.startswith("-") else value
