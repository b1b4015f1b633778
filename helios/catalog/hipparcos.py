"""Reader of the Hipparcos main catalogue, CDS I/239 `hip_main.dat`: 78 fields between bars, no header."""

from __future__ import annotations

from helios.catalog.csv_reader import CsvReader
from helios.catalog.csv_text import DAMAGED_GZIP, Header, lines, open_binary
from helios.catalog.schema import shown
from helios.errors import InputError

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
"""Fields by their number in the catalogue's own numbering (H1 is HIP), named as in CDS's description."""


class HipparcosReader(CsvReader):
    """The stars of the file `path`, gzipped or not: ICRS places of J1991.25, Johnson V for G, no colour.

    Raises InputError for a file whose first row has not the 78 fields.
    """

    default_schema = "hipparcos"

    def read_header(self) -> tuple[Header, dict[str, str]]:
        """The catalogue's columns, which the file does not name; no units, as they are the star table's."""
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
        return header, {}
