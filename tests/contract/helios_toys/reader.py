"""Stars from text of five numbers a line: source_id, ra, dec, parallax, phot_g_mean_mag."""

import hashlib

import numpy as np

from helios.catalog.schemas import DEFAULT, SCHEMAS
from helios.catalog.table import StarTable


class ToyReader:
    row_unit = "line"
    identified = True
    notes = ()

    def __init__(self, path, choice=None, name=None):
        self.path, self.name, self.schema = path, name or path.name, SCHEMAS[DEFAULT]

    def provenance(self):
        data = self.path.read_bytes()
        return {"file": self.name, "size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    def chunks(self):
        values = np.loadtxt(self.path, ndmin=2)
        source_id, ra, dec, parallax, mag = values.T
        white = np.full(len(values), np.nan)
        rows = np.arange(1, len(values) + 1)
        yield StarTable(source_id.astype(np.int64), ra, dec, parallax, mag, white, rows)
