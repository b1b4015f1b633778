"""The rows of a fetch in Parquet files: one file per piece at first, and one of all rows in the end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from helios.errors import InputError
from helios.fetching.config import Question
from helios.fetching.plan import Piece
from helios.files import staged

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP = 1 << 16


def rows_path(folder: Path, number: int) -> Path:
    """Return the path of the rows of piece `number`."""
    return folder / f"piece-{number:06d}.parquet"


def write_rows(path: Path, table: pa.Table) -> None:
    """Write the rows of a piece, whole or not at all. Raises OSError where writing fails."""
    import pyarrow.parquet as pq

    with staged(path) as new:
        pq.write_table(table, new)


def count_rows(path: Path) -> int | None:
    """Return the number of rows in the file of a piece; None where it is damaged or missing."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            return file.metadata.num_rows
    except (pa.ArrowException, OSError):
        return None


def assemble(folder: Path, question: Question, pieces: Sequence[Piece], target: Path) -> int:
    """Write all rows to `target`, sorted by magnitude, then identifier, and cut at the limit; return their number.

    Holds the rows of one group of pieces in memory. Raises InputError where the column types of two pieces differ.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    order = [(question.magnitude, "ascending"), (question.source_id, "ascending")]
    left = question.limit
    written, writer = 0, None
    try:
        for _, group in groupby(enumerate(pieces), lambda pair: pair[1].group):
            tables = [pq.read_table(rows_path(folder, number)) for number, _ in group]
            try:
                table = pa.concat_tables(tables).sort_by(order).slice(0, left)
                writer = writer or pq.ParquetWriter(target, table.schema, compression="zstd")
                writer.write_table(table, ROW_GROUP)
            except (pa.ArrowInvalid, ValueError) as error:
                raise InputError(f"{folder}: pieces of different types ({error}); remove the folder") from error
            written += len(table)
            left = None if left is None else left - len(table)
    finally:
        if writer is not None:
            writer.close()
    return written
