"""The options of `helios fetch`, and the question to an archive that they make."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any
from urllib.parse import urlsplit

from helios.constants import MAGNITUDES
from helios.errors import InputError
from helios.fetching.archives import Archive
from helios.options import check_limits, option

_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,127}"
_COLUMN = re.compile(_NAME)
_TABLE = re.compile(rf"{_NAME}(\.{_NAME}){{0,2}}")


@dataclasses.dataclass(frozen=True)
class FetchConfig:
    """The options of `helios fetch`; None means the archive's default, or no such condition.

    `archive` is NAME or NAME:OPTION=VALUE,... of one of `ARCHIVES`.
    """

    archive: str = "gaia"
    max_mag: float = option(8.0, "The faintest magnitude.", MAGNITUDES)
    min_mag: float | None = option(None, "The brightest magnitude.  [default: all]", type=float)
    limit: int | None = option(None, "At most so many stars, the brightest.  [default: all]", type=int)
    where: str | None = option(None, "A further condition on the archive's columns, in ADQL.", metavar="ADQL")
    table: str | None = option(None, "The table asked.  [default: the archive's]", type=str)
    columns: str | None = option(
        None, "Names of columns, comma between them.  [default: what helios build can use]", type=str
    )
    url: str | None = option(None, "Address of the TAP service.  [default: the archive's]", type=str)
    rows_per_piece: int = option(250_000, "Stars asked for at a time.", (1, 3_000_000))
    tries: int = option(5, "How often a query is sent where the connection or the archive fails.", (1, 100))
    pause: float = option(2.0, "Seconds before the second try, doubled before each further one.", (0, 3600))
    timeout: float = option(120.0, "Seconds without a byte after which a connection counts as lost.", (0.01, 3600))
    overwrite: bool = option(False, "Replace a file that is there.", is_flag=True)

    @property
    def default_output(self) -> str:
        """The file that is written where none is named: ARCHIVE.parquet."""
        return f"{self.archive.partition(':')[0]}.parquet"

    def question(self, archive: Archive) -> Question:
        """Return the question to `archive`. Raises InputError, naming option and value, for an unusable option."""
        check_limits(self)
        for name in ("max_mag", "min_mag"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise InputError(f"--{name.replace('_', '-')} {value}: must be a finite number")
        if self.min_mag is not None and self.min_mag > self.max_mag:
            raise InputError(f"--min-mag {self.min_mag}: must not be above --max-mag {self.max_mag}")
        if self.limit is not None and self.limit < 1:
            raise InputError(f"--limit {self.limit}: must be at least 1")
        table, url = self.table or archive.table, (self.url or archive.url).rstrip("/")
        if not _TABLE.fullmatch(table):
            raise InputError(f"--table {table!r}: must be the name of a table, as {archive.table}")
        _check_url(url)
        if self.where is not None:
            check_condition(self.where)
        return Question(
            archive=archive.name,
            url=url,
            table=table,
            columns=self._columns(archive),
            source_id=archive.source_id,
            magnitude=archive.magnitude,
            max_mag=self.max_mag,
            min_mag=self.min_mag,
            limit=self.limit,
            where=self.where,
            rows_per_piece=self.rows_per_piece,
        )

    def _columns(self, archive: Archive) -> tuple[str, ...]:
        if self.columns is None:
            return archive.columns
        names = [name.strip().lower() for name in self.columns.split(",")]
        bad = next((name for name in names if not _COLUMN.fullmatch(name)), None)
        if bad is not None:
            raise InputError(f"--columns: {bad!r} must be the name of a column")
        # The rows are sorted by these two.
        ends = [name for name in (archive.source_id, archive.magnitude) if name not in names]
        return tuple(dict.fromkeys([*names, *ends]))


@dataclasses.dataclass(frozen=True)
class Question:
    """What identifies a fetch: the archive, the stars, the columns, and how they are divided into pieces."""

    archive: str
    url: str
    table: str
    columns: tuple[str, ...]
    source_id: str
    magnitude: str
    max_mag: float
    min_mag: float | None
    limit: int | None
    where: str | None
    rows_per_piece: int

    def to_json(self) -> dict[str, Any]:
        """Return the question as a JSON value."""
        return dataclasses.asdict(self) | {"columns": list(self.columns)}


def check_condition(where: str) -> None:
    """Raise InputError unless `where` is one condition, which cannot end the parentheses that are put around it."""
    if not where.strip():
        raise InputError("--where: empty; leave it out to have no condition")
    if not where.isprintable():
        raise InputError("--where: has a control character or a line break; write it on one line")
    depth, quote = 0, ""
    for place, letter in enumerate(where):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == ";":
            raise InputError("--where: has a ';'; must be one condition, as \"parallax_over_error > 10\"")
        elif where.startswith(("--", "/*"), place):
            raise InputError(f"--where: has a comment, {where[place : place + 2]!r}; leave it out")
        elif letter in "()":
            depth += 1 if letter == "(" else -1
            if depth < 0:
                break
    if quote:
        raise InputError(f"--where: a quote {quote} is not closed")
    if depth:
        raise InputError("--where: its parentheses do not match")


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment or parts.username is not None or not url.isprintable() or " " in url:
        raise InputError(f"--url {url!r}: must be the address of a TAP service, as https://HOST/tap-server/tap")
