"""Fetches stars: counts, plans, asks piece by piece, and makes one file of it with a record beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from helios import __version__
from helios.errors import ArchiveError, InputError
from helios.fetch.archives import Archive
from helios.fetch.client import Client
from helios.fetch.config import FetchConfig, Question
from helios.fetch.events import AlreadyThere, Counting, Event, PieceFetched, Planned, Written
from helios.fetch.pieces import Pieces, fingerprint
from helios.fetch.plan import Piece, Plan, count_query, plan_pieces
from helios.files import sha256, write_file


def record_path(output: Path) -> Path:
    """Where it is kept what was asked for the file `output`."""
    return output.with_name(f"{output.name}.query.json")


def fetch(archive: Archive, config: FetchConfig, output: Path, overwrite: bool = False) -> Iterator[Event]:
    """Yield how it goes until the stars that `config` asks of `archive` are the Parquet file `output`.

    Rows are sorted by magnitude, then identifier, and are the brightest where there is a limit; stars without a
    magnitude are not among them. Each piece is kept as soon as it is here: after an error, a kill or a closed
    generator the same call goes on with those that are missing. The file appears whole, beside it its record in
    JSON: the question, all queries with their dates in UTC and rows, versions, and the file's SHA-256.

    A file that is there is replaced only with `overwrite`; where it is what the same question brought, nothing is
    asked. Raises InputError for what cannot be asked or written, and ArchiveError where the archive fails or refuses.
    """
    output = Path(output)
    question = config.question(archive)
    if output.suffix.lower() != ".parquet":
        raise InputError(f"{output}: must end in .parquet, which is what is written")
    if output.is_dir():
        raise InputError(f"{output}: is a directory, must be the name of a file")
    if output.exists() and not overwrite:
        yield _already_there(output, question)
        return
    client = Client(question.url, config.tries, config.pause, config.timeout)
    folder = Pieces(output, question)
    with folder.held():
        kept = folder.load_plan()
        if kept is None:
            yield Counting()
            kept = yield from _count(client, folder)
        plan = plan_pieces(question, kept["bands"])
        entries = yield from _pieces(client, folder, plan)
        came = sum(entry["rows"] for entry in entries)
        if came != plan.rows:
            folder.remove()
            raise ArchiveError(f"{question.url}: {came:,} rows came where {plan.rows:,} were counted; try again")
        yield _write(archive, folder, plan.pieces, output, [kept["count"], *entries])


def _already_there(output: Path, question: Question) -> AlreadyThere:
    try:
        record = json.loads(record_path(output).read_text(encoding="utf-8"))
        if record["fingerprint"] == fingerprint(question) and record["sha256"] == sha256(output):
            folder = Pieces(output, question)
            if folder.folder.exists():  # left by a process that was killed at the very end
                with suppress(InputError), folder.held():
                    folder.remove()
            return AlreadyThere(output, record["rows"], record["queries"][-1]["date"])
    except (FileNotFoundError, ValueError, KeyError, TypeError, LookupError):
        pass
    raise InputError(f"{output}: exists, and is not what this question brought; --overwrite replaces it")


def _count(client: Client, folder: Pieces) -> Generator[Event, None, dict[str, Any]]:
    question, date = folder.question, _now()
    adql = count_query(question)
    table = yield from client.ask(adql, ("band", "n"), folder.answer_path)
    bands = [(int(band), int(n)) for band, n in zip(*(table[name].to_pylist() for name in ("band", "n")))]
    if not bands:
        raise ArchiveError(f"{question.url}: no star of {question.table} is so bright and meets --where; ask for more")
    return folder.save_plan({"adql": adql, "date": date, "rows": len(bands)}, bands)


def _pieces(client: Client, folder: Pieces, plan: Plan) -> Generator[Event, None, list[dict[str, Any]]]:
    entries = [folder.entry(index, piece) for index, piece in enumerate(plan.pieces)]
    here = [entry for entry in entries if entry is not None]
    yield Planned(len(entries), plan.rows, len(here), sum(entry["rows"] for entry in here))
    for index, piece in enumerate(plan.pieces):
        if entries[index] is None:
            date = _now()
            table = yield from client.ask(piece.adql, folder.question.columns, folder.answer_path, piece.rows)
            folder.save(index, piece, table, date)
            entries[index] = {"adql": piece.adql, "date": date, "rows": len(table)}
            yield PieceFetched(len(table))
    return entries


def _write(archive: Archive, folder: Pieces, pieces: list[Piece], output: Path, queries: list[dict[str, Any]]) -> Event:
    rows = folder.assemble(pieces)
    size, digest = folder.whole_path.stat().st_size, sha256(folder.whole_path)
    record = {
        **folder.question.to_json(),
        "fingerprint": fingerprint(folder.question),
        "credit": archive.credit,
        "versions": {"helios": __version__, "astroquery": version("astroquery")},
        "queries": queries,
        "rows": rows,
        "size_bytes": size,
        "sha256": digest,
    }
    # The record first: a file whose hash is not that of its record is not taken for this question's.
    write_file(record_path(output), (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode())
    os.replace(folder.whole_path, output)
    folder.remove()
    return Written(output, record_path(output), rows, size)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
