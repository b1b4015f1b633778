"""The file of a universe's bodies: orbits that osculate at one epoch, as Parquet that any tool reads."""

from __future__ import annotations

import io
import math
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.errors import StoreError
from helios.solar.orbits import Orbits

_TEXTS = ("designation", "name", "kind")
_EPOCH = "epoch_jd_tdb"
_MAY_BE_UNKNOWN = ("h_mag", "slope")


def bodies_bytes(orbits: Orbits) -> bytes:
    """Return the file of `orbits`, which all have one epoch; the same orbits give the same bytes.

    Its columns are the fields of `Orbits`, of which each text is UTF-8 and each number a double.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Of buffers: `pyarrow.array` would import pandas, to ask whether this is one of its columns.
    def array(column: NDArray) -> Any:
        if column.dtype.kind == "f":
            return pa.Array.from_buffers(pa.float64(), len(column), [None, pa.py_buffer(column.tobytes())])
        texts = [text.encode() for text in column.tolist()]
        ends = np.cumsum([0, *map(len, texts)]).astype(np.int32)
        buffers = [None, pa.py_buffer(ends.tobytes()), pa.py_buffer(b"".join(texts))]
        return pa.Array.from_buffers(pa.utf8(), len(column), buffers)

    names = [field.name for field in fields(Orbits)]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([array(getattr(orbits, name)) for name in names], names), out)
    return out.getvalue()


def bodies_of(content: bytes, path: Path) -> Orbits:
    """Return the orbits of a file's `content`; cost: all of it. Raises StoreError, naming `path`, where it is damaged.

    Designations are unique, numbers finite but magnitudes and slopes, which may be NaN, and all epochs one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    def read(name: str) -> NDArray:
        array = table.column(name).combine_chunks()
        if name in _TEXTS:
            return np.array(array.to_pylist(), str)
        if array.type != pa.float64() or array.null_count:
            raise ValueError(f"{name} is {array.type} with {array.null_count} nulls")
        # Not `to_numpy`, which imports pandas.
        return np.frombuffer(array.buffers()[1], np.float64, len(array), 8 * array.offset)

    try:
        table = pq.ParquetFile(io.BytesIO(content)).read()
        orbits = Orbits(**{field.name: read(field.name) for field in fields(Orbits)})
    except (pa.ArrowException, KeyError, ValueError, TypeError, OSError) as error:
        raise StoreError(f"{path}: damaged ({str(error).splitlines()[0]}); build the universe again") from error
    for field in fields(Orbits):
        column = getattr(orbits, field.name)
        if field.name not in (*_TEXTS, *_MAY_BE_UNKNOWN) and not np.isfinite(column).all():
            raise StoreError(
                f"{path}: damaged: {field.name} is not a number in row {int(np.argmin(np.isfinite(column)))}"
            )
    if len(np.unique(orbits.designation)) < len(orbits):
        raise StoreError(f"{path}: damaged: a designation is there twice")
    if len(orbits) and not (orbits.epoch_jd_tdb == orbits.epoch_jd_tdb[0]).all():
        raise StoreError(f"{path}: damaged: its orbits have several epochs")
    return orbits


def bodies_json(orbits: Orbits) -> dict[str, object]:
    """Return `orbits`, which all have one epoch, as a viewer reads them: a list of each column, null for unknown."""
    columns = {field.name: getattr(orbits, field.name).tolist() for field in fields(Orbits) if field.name != _EPOCH}
    for name in _MAY_BE_UNKNOWN:
        columns[name] = [None if math.isnan(value) else value for value in columns[name]]
    epoch = float(orbits.epoch_jd_tdb[0]) if len(orbits) else None
    return {"format": "helios-bodies", "version": 1, _EPOCH: epoch, "orbits": columns}
