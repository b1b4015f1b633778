"""Reader of ECSV: CSV whose comment lines, in YAML, declare the delimiter, the units and more."""

from __future__ import annotations

from helios.catalog.csv_reader import CsvReader
from helios.catalog.csv_text import Header
from helios.catalog.declared import Declared
from helios.catalog.ecsv_header import is_ecsv
from helios.errors import InputError


class EcsvReader(CsvReader):
    """The stars of the ECSV file `path`, gzipped or not. Raises InputError as CsvReader does, and for a bad header."""

    def read_header(self) -> tuple[Header, Declared]:
        """Return the file's header, and what it declares."""
        header, declared = super().read_header()
        if not is_ecsv(header):
            raise InputError(f"{self.path} line 1: must be '# %ECSV 1.0'; name the file .csv if it is plain CSV")
        return header, declared
