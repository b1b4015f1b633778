"""Reader of ECSV: CSV whose comment lines, in YAML, declare the delimiter and the units.

The format is astropy's APE 6 (doi:10.5281/zenodo.4792325).
"""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import Any

from helios.catalog.csv_reader import CsvReader
from helios.catalog.csv_text import Header, read_header
from helios.catalog.schema import shown
from helios.errors import InputError

LARGEST_HEADER = 1 << 22
"""Most characters of a YAML header; that of the Gaia archive, with 152 columns, has 30,000."""

DEEPEST_HEADER = 50
"""Most levels of nesting in a header; that of the Gaia archive has 3."""


class EcsvReader(CsvReader):
    """The stars of the ECSV file `path`, gzipped or not. Raises InputError as CsvReader does, and for a bad header."""

    def read_header(self) -> tuple[Header, dict[str, str]]:
        """Return the file's header, and the units that it declares, by column."""
        header = read_header(self.path)
        if not header.comments or not header.comments[0].strip().startswith("%ECSV"):
            raise InputError(f"{self.path} line 1: must be '# %ECSV 1.0'; name the file .csv if it is plain CSV")
        text = "\n".join(comment.removeprefix(" ") for comment in header.comments[1:])
        content = self._load(text)
        delimiter = content.get("delimiter", " ")
        if delimiter not in (" ", ","):
            raise InputError(f"{self.path}: delimiter {shown(str(delimiter))} in the ECSV header: must be ' ' or ','")
        columns = content.get("datatype")
        if not isinstance(columns, list) or not all(isinstance(c, dict) and "name" in c for c in columns):
            raise InputError(f"{self.path}: the ECSV header must list the columns under 'datatype', each with a name")
        names = [str(column["name"]) for column in columns]
        header = replace(header, delimiter=delimiter, names=self._names(header, delimiter))
        if names != list(header.names):
            raise InputError(
                f"{self.path} line {header.line}: the column names are not those of the ECSV header; mend one of them"
            )
        return header, {name: str(c["unit"]) for name, c in zip(names, columns) if c.get("unit") is not None}

    def _names(self, header: Header, delimiter: str) -> tuple[str, ...]:
        if delimiter == ",":
            return header.names
        # The names were split at commas; unless a name has one, joining them gives the line again.
        (names,) = csv.reader([",".join(header.names)], delimiter=delimiter)
        return tuple(names)

    def _load(self, text: str) -> dict[str, Any]:
        import yaml

        class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
            """A safe loader that reads a node with an unknown tag as None."""

        Loader.add_multi_constructor("!", lambda loader, suffix, node: None)
        if len(text) > LARGEST_HEADER:
            raise InputError(f"{self.path}: the ECSV header has {len(text):,} characters, at most {LARGEST_HEADER:,}")
        try:
            # The fast loader recurses on the limited C stack; iterating over its events does not.
            depth = 0
            for event in yaml.parse(text, Loader):
                depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
                if depth > DEEPEST_HEADER:
                    raise InputError(f"{self.path}: the ECSV header is nested more than {DEEPEST_HEADER} deep")
            content = yaml.load(text, Loader)
        except InputError:
            raise
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            message = " ".join(str(error).split())[:200]
            raise InputError(f"{self.path}: the ECSV header is no YAML ({message}); download it again") from error
        if not isinstance(content, dict):
            raise InputError(f"{self.path}: the ECSV header must be a YAML table with 'datatype'")
        return content
