"""The pieces of a fetch that is under way, in a hidden folder beside the file that they become.

The folder's name holds the question's hash: another question has another folder. A piece's file is there whole or not
at all, and says which query brought it and when.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helios.errors import InputError
from helios.fetch.config import Question
from helios.fetch.plan import Piece
from helios.files import locked, write_file

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP = 1 << 16
ADQL, DATE = b"adql", b"date"


def fingerprint(question: Question) -> str:
    """The SHA-256, in hexadecimal, of the question's JSON."""
    return hashlib.sha256(json.dumps(question.to_json(), sort_keys=True).encode()).hexdigest()


class Pieces:
    """The folder of `question` beside `output`; only inside `held` may it be used."""

    def __init__(self, output: Path, question: Question):
        self.folder = output.with_name(f".{output.name}.pieces-{fingerprint(question)[:12]}")
        self.question = question

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Have the folder as this process's alone. Raises InputError while another process has it."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.folder, f"{self.folder}: another process fetches the same; try when it has ended"):
            self.folder.mkdir(exist_ok=True)
            try:
                yield
            finally:
                # A folder without a plan holds nothing that a later run could use.
                if not self._plan_path.exists():
                    shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def answer_path(self) -> Path:
        """Where an answer lies until it has been read."""
        return self.folder / "answer.vot"

    @property
    def whole_path(self) -> Path:
        """Where all rows are put before they take their place."""
        return self.folder / "whole.parquet"

    @property
    def _plan_path(self) -> Path:
        return self.folder / "plan.json"

    def load_plan(self) -> dict[str, Any] | None:
        """Return what `save_plan` kept, None where nothing whole is there."""
        try:
            plan = json.loads(self._plan_path.read_text(encoding="utf-8"))
            return plan if plan["question"] == self.question.to_json() else None
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def save_plan(self, count: dict[str, Any], bands: Sequence[tuple[int, int]]) -> dict[str, Any]:
        """Keep the query that counted, as it stands in the record, and its answer; return both."""
        plan = {"question": self.question.to_json(), "count": count, "bands": [list(band) for band in bands]}
        write_file(self._plan_path, json.dumps(plan).encode())
        return plan

    def path(self, index: int) -> Path:
        """The file of piece number `index`."""
        return self.folder / f"piece-{index:05d}.parquet"

    def save(self, index: int, piece: Piece, table: pa.Table, date: str) -> None:
        """Keep the rows of a piece."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        sink = pa.BufferOutputStream()
        pq.write_table(table.replace_schema_metadata({ADQL: piece.adql.encode(), DATE: date.encode()}), sink)
        write_file(self.path(index), sink.getvalue())

    def entry(self, index: int, piece: Piece) -> dict[str, Any] | None:
        """Return adql, date and rows of a piece that is here, None for one that is not, or not whole."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(self.path(index)) as file:
                metadata, rows = file.schema_arrow.metadata or {}, file.metadata.num_rows
        except (FileNotFoundError, pa.ArrowException, OSError):
            return None
        if metadata.get(ADQL) != piece.adql.encode() or rows != (rows if piece.rows is None else piece.rows):
            return None
        return {"adql": piece.adql, "date": metadata[DATE].decode(), "rows": rows}

    def assemble(self, pieces: Sequence[Piece]) -> int:
        """Write all rows to `whole_path`, by magnitude and then identifier, cut at the limit.

        Returns how many these are. Raises InputError where two pieces have different types.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        order = [(self.question.magnitude, "ascending"), (self.question.source_id, "ascending")]
        left = self.question.limit
        written, writer = 0, None
        try:
            for _, group in groupby(enumerate(pieces), lambda pair: pair[1].group):
                tables = [pq.read_table(self.path(index)).replace_schema_metadata(None) for index, _ in group]
                try:
                    table = pa.concat_tables(tables).sort_by(order).slice(0, left)
                    writer = writer or pq.ParquetWriter(self.whole_path, table.schema, compression="zstd")
                    writer.write_table(table, ROW_GROUP)
                except (pa.ArrowInvalid, ValueError) as error:
                    raise InputError(
                        f"{self.folder}: pieces of different types ({error}); remove the folder"
                    ) from error
                written += len(table)
                left = None if left is None else left - len(table)
        finally:
            if writer is not None:
                writer.close()
        with self.whole_path.open("rb") as file:
            os.fsync(file.fileno())
        return written

    def remove(self) -> None:
        """Remove the folder, where it is there."""
        shutil.rmtree(self.folder, ignore_errors=True)
