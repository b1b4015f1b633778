"""Reader of the Hipparcos main catalogue, CDS I/239 `hip_main.dat`: 78 fields between bars, no header."""

from __future__ import annotations

from helios.catalog.csv_reader import CsvReader
from helios.catalog.csv_text import Header, lines
from helios.catalog.declared import Declared
from helios.catalog.schema import shown
from helios.errors import InputError
from helios.gzipped import DAMAGED_GZIP, open_binary

FIELDS = 78

NAMED = {
    1: "HIP",
    5: "Vmag",
    8: "RAdeg",
    9: "DEdeg",
    11: "Plx",
    12: "pmRA",
    13: "pmDE",
    16: "e_Plx",
    37: "B-V",
    44: "Hpmag",
}
"""Names of fields, as in CDS's description, by their number in the catalogue (H1 is HIP)."""


class HipparcosReader(CsvReader):
    """The stars of the file `path`, gzipped or not: ICRS positions at J1991.25, Johnson V for G, no colour.

    Raises InputError for a file whose first row does not have the 78 fields.
    """

    default_schema = "hipparcos"

    def read_header(self) -> tuple[Header, Declared]:
        """Return the catalogue's columns, which the file does not name; units are those of the star table."""
        names = tuple(NAMED.get(i, f"H{i}") for i in range(FIELDS))
        header = Header(names, line=0, end=0, delimiter="|", quote=None)
        try:
            with open_binary(self.path) as file:
                first = next(lines(file, self.path), b"")
        except DAMAGED_GZIP as error:
            raise InputError(f"{self.path}: damaged gzip file ({error}); download it again") from error
        if not first:
            raise InputError(f"{self.path}: empty, must be the Hipparcos main catalogue")
        if first.count(b"|") != FIELDS - 1 or not first.startswith(b"H|"):
            text = first.decode("ascii", "replace").rstrip()
            raise InputError(
                f"{self.path} line 1: {shown(text)}: must be a row of the Hipparcos main catalogue, 'H' and "
                f"{FIELDS - 1} more fields between bars"
            )
        return header, Declared(names)
