"""What the metadata of an Arrow or Parquet file say of its table, in the three ways that are in use."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from helios.catalog.astropy_header import declared_by, load_header
from helios.catalog.declared import Declared
from helios.catalog.votable_scan import read_metadata

ASTROPY = b"table_meta_yaml"
"""Key of what astropy writes: a header as in ECSV."""

VOTABLE = b"IVOA.VOTable-Parquet.content"
"""Key of a VOTable without rows: IVOA note "VOParquet 1.0", as astropy and STILTS write it."""


def declared_in(schema: Any, path: Path) -> Declared:
    """Return what the Arrow `schema` of the file `path` declares; its own units of fields come first.

    Raises InputError for metadata that are damaged.
    """
    metadata = schema.metadata or {}
    told = Declared(schema.names)
    if ASTROPY in metadata:
        told = declared_by(load_header(metadata[ASTROPY].decode("utf-8", "replace"), path), path)
    elif VOTABLE in metadata:
        told = read_metadata(io.BytesIO(metadata[VOTABLE]), path)
    fields = {field.name: (field.metadata or {}).get(b"unit", b"").decode("utf-8", "replace") for field in schema}
    units = {**told.units, **{name: unit for name, unit in fields.items() if unit}}
    return Declared(schema.names, units, told.coordinates, told.titles, told.notes)
