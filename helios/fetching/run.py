"""Fetches stars: counts them, plans the pieces, fetches each, and writes one file with a record beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from helios import __version__
from helios.errors import ArchiveError, InputError
from helios.fetching.archives import ARCHIVES, Archive
from helios.fetching.client import Client
from helios.fetching.config import FetchConfig, Question
from helios.fetching.events import FetchResult, PieceFetched, Planned
from helios.fetching.plan import Piece, Plan, count_query, plan_pieces
from helios.fetching.rows import assemble, count_rows, rows_path, write_rows
from helios.files import check_file, sha256, staged, write_file, writing
from helios.pieces import Pieces, digest_of, resumable
from helios.progress import Done, Note, OnEvent, Stage, ignore
from helios.work_folders import empty


def record_path(output: Path) -> Path:
    """Return the path of the record of the file `output`: what was asked, when, and what came."""
    return output.with_name(f"{output.name}.query.json")


@dataclass(frozen=True)
class _Answered:
    """A query that was answered: its ADQL, the date in UTC, and the number of rows of the answer."""

    adql: str
    date: str
    rows: int


@dataclass(frozen=True)
class _Counted(_Answered):
    bands: list[list[int]]


def fetch(config: FetchConfig, output: Path, on_event: OnEvent = ignore) -> FetchResult:
    """Fetch the stars that `config` asks for into the Parquet file `output`, and return what the file has.

    Rows are sorted by magnitude, then identifier; with a limit they are the brightest. Stars without a magnitude are
    left out. Each piece is kept as soon as it arrives: after an error or a kill, the same call resumes with the missing
    ones. The file appears whole, with its record in JSON beside it: the question, all queries with their dates in UTC
    and numbers of rows, versions, and the file's SHA-256. `on_event` receives the progress, then Done with the result.

    An existing file is replaced only if `config` says so; otherwise, if the same question made it, it is returned
    without asking the archive. Raises InputError for an unusable option or output, ArchiveError where the archive fails
    or refuses, and StoreError where the disk is full.
    """
    output = Path(output)
    archive = ARCHIVES.make(config.archive)
    question = config.question(archive)
    if output.suffix.lower() != ".parquet":
        raise InputError(f"{output}: must end in .parquet, which is what is written")
    check_file(output)
    if output.exists() and not config.overwrite:
        result = _already_there(output, question)
    else:
        client = Client(question.url, config.tries, config.pause, config.timeout)
        kept = "the pieces that are here are kept: the same command goes on with the others"
        with writing(output, kept), _pieces_of(output, question) as pieces:
            result = _Fetch(question, client, pieces, on_event).make(archive, output)
    on_event(Done(result))
    return result


def _pieces_of(output: Path, question: Question) -> AbstractContextManager[Pieces]:
    """Return a context manager of the pieces of `question`, in a folder of its own beside `output`."""
    folder = output.with_name(f".{output.name}.pieces-{digest_of(question.to_json())[:12]}")
    return resumable(folder, question.to_json(), f"{folder}: another process fetches the same; try when it has ended")


def _already_there(output: Path, question: Question) -> FetchResult:
    try:
        record = json.loads(record_path(output).read_text(encoding="utf-8"))
        if record["fingerprint"] == digest_of(question.to_json()) and record["sha256"] == sha256(output):
            with suppress(InputError), _pieces_of(output, question):
                pass  # removes what a process killed at the very end left behind
            date = record["queries"][-1]["date"]
            return FetchResult(output, record_path(output), record["rows"], output.stat().st_size, date)
    except (FileNotFoundError, ValueError, KeyError, TypeError, LookupError):
        pass
    raise InputError(f"{output}: exists, and is not what this question brought; --overwrite replaces it")


class _Fetch:
    """A fetch in progress: `client` answers `question`, and `pieces` keeps the answers."""

    def __init__(self, question: Question, client: Client, pieces: Pieces, on_event: OnEvent):
        self._question, self._client, self._pieces, self._on_event = question, client, pieces, on_event
        self._answer_path = pieces.folder / "answer.vot"

    def make(self, archive: Archive, output: Path) -> FetchResult:
        """Fetch the missing pieces, write all rows to `output`, and return the result."""
        count = self._count()
        plan = plan_pieces(self._question, ((band, rows) for band, rows in count.bands))
        answers = self._fetch(plan)
        total = sum(answer.rows for answer in answers)
        if total != plan.rows:
            empty(self._pieces.folder)
            raise ArchiveError(f"{self._question.url}: {total:,} rows came where {plan.rows:,} were counted; try again")
        counted = _Answered(count.adql, count.date, count.rows)
        return self._write(archive, plan.pieces, output, [counted, *answers])

    def _count(self) -> _Counted:
        kept = self._pieces.load(_Counted, "count", 0)
        if kept is not None:
            return kept
        question, date, adql = self._question, _now(), count_query(self._question)
        self._on_event(Note("asking how many stars there are"))
        self._on_event(Stage("counting", 1))
        table = self._client.ask(adql, ("band", "n"), self._answer_path, self._on_event)
        bands = [[int(band), int(n)] for band, n in zip(*(table[name].to_pylist() for name in ("band", "n")))]
        if not bands:
            raise ArchiveError(
                f"{question.url}: no star of {question.table} is so bright and meets --where; ask for more"
            )
        count = _Counted(adql, date, len(bands), bands)
        self._pieces.save("count", 0, count)
        return count

    def _fetch(self, plan: Plan) -> list[_Answered]:
        """Fetch the missing pieces; return the answers to all."""
        pieces = dict(enumerate(plan.pieces))
        answers = {number: answer for number in pieces if (answer := self._kept(number)) is not None}
        done = sum(answer.rows for answer in answers.values())
        here = f", {len(answers):,} of them here already" if answers else ""
        unit = "piece" if len(pieces) == 1 else "pieces"
        self._on_event(Note(f"fetching {plan.rows:,} stars in {len(pieces):,} {unit}{here}"))
        self._on_event(Planned("fetching", plan.rows, "stars", done, len(pieces), len(answers)))
        for number in pieces.keys() - answers.keys():
            piece, date = pieces[number], _now()
            columns, path = self._question.columns, rows_path(self._pieces.folder, number)
            table = self._client.ask(piece.adql, columns, self._answer_path, self._on_event, done, piece.rows)
            write_rows(path, table)
            answers[number] = _Answered(piece.adql, date, len(table))
            self._pieces.save("piece", number, answers[number])
            done += len(table)
            self._on_event(PieceFetched(done, rows=len(table)))
        return [answers[number] for number in pieces]

    def _kept(self, number: int) -> _Answered | None:
        answer = self._pieces.load(_Answered, "piece", number)
        whole = answer is not None and count_rows(rows_path(self._pieces.folder, number)) == answer.rows
        return answer if whole else None

    def _write(
        self, archive: Archive, pieces: Sequence[Piece], output: Path, queries: Sequence[_Answered]
    ) -> FetchResult:
        with staged(output) as new:
            rows = assemble(self._pieces.folder, self._question, pieces, new)
            size = new.stat().st_size
            record: dict[str, Any] = {
                **self._question.to_json(),
                "fingerprint": digest_of(self._question.to_json()),
                "credit": archive.credit,
                "versions": {"helios": __version__, "pyvo": version("pyvo")},
                "queries": [asdict(query) for query in queries],
                "rows": rows,
                "size_bytes": size,
                "sha256": sha256(new),
            }
            # The record is written first: a file whose hash differs from its record's is never taken for the answer.
            write_file(record_path(output), (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode())
        return FetchResult(output, record_path(output), rows, size)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
