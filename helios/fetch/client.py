"""Puts one query after the other to an archive, and puts it again where the connection or the archive fails."""

from __future__ import annotations

import errno
import http.client
import time
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from helios.errors import ArchiveError, InputError
from helios.fetch.answer import BrokenAnswer, one_line, read_answer, words_of
from helios.fetch.events import Retrying, Waiting

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST_POLL_S = 5.0
"""How long it waits, in the end, before it asks again how far a job is."""

DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""Errors of this machine's disk, not of the connection: to try again would not help."""

TRANSIENT = (408, 429)
"""HTTP statuses below 500 that say: later."""

WORKING = ("PENDING", "QUEUED", "EXECUTING", "HELD", "SUSPENDED", "UNKNOWN")
"""Phases after which there may be an answer (UWS 1.1, section 2.1.3)."""


class Client:
    """Asks the TAP service at `url`; `tries`, `pause_s` and `timeout_s` are those of FetchConfig.

    Raises InputError where astroquery is not installed.
    """

    def __init__(self, url: str, tries: int, pause_s: float, timeout_s: float):
        try:
            from helios.fetch import connection
        except ImportError as error:
            raise InputError(
                "fetching from an archive needs the package astroquery: pip install helios-planetarium[fetch]"
            ) from error
        self._errors, self._service = connection, connection.TapService(url, timeout_s)
        self.url, self.tries, self.pause_s = url, tries, pause_s

    def ask(
        self, adql: str, columns: tuple[str, ...], path: Path, rows: int | None = None
    ) -> Generator[Waiting | Retrying, None, pa.Table]:
        """Yield how it goes, and return the rows that answer `adql`, as `read_answer` does for `columns`.

        `path` is where the answer is put meanwhile; `rows` how many there must be. Raises ArchiveError where the
        archive refuses, answers otherwise than it should, or fails `tries` times.
        """
        job = None
        pause_s = self.pause_s
        try:
            for attempt in range(1, self.tries + 1):
                try:
                    if job is None:
                        job = self._service.launch(adql)
                    yield from self._wait(job)
                    self._service.download(job, path)
                    table = read_answer(path, columns)
                    if rows is not None and len(table) != rows:
                        raise BrokenAnswer(f"{len(table):,} rows where {rows:,} were counted")
                    return table
                except self._errors.BadStatus as error:
                    why = self._why(error)
                    if error.status < 500 and error.status not in TRANSIENT:
                        raise ArchiveError(f"{self.url}: {why}") from error
                    job = None
                except ArchiveError as error:
                    raise ArchiveError(f"{self.url}: {error}") from error
                except self._errors.NotTap as error:
                    raise ArchiveError(f"{self.url}: {one_line(str(error))}") from error
                except BrokenAnswer as error:
                    why = f"an answer that is not whole: {one_line(str(error))}"
                    job = None
                except (OSError, http.client.HTTPException, self._errors.CutShort) as error:
                    if getattr(error, "filename", None) is not None or getattr(error, "errno", None) in DISK:
                        raise
                    why = one_line(str(error)) or type(error).__name__
                if attempt < self.tries:
                    yield Retrying(why, attempt, self.tries, pause_s)
                    time.sleep(pause_s)
                    pause_s *= 2
        finally:
            self._service.close()
            path.unlink(missing_ok=True)
        raise ArchiveError(f"{self.url}: tried {self.tries} times; the last time: {why}")

    def _wait(self, job: str) -> Generator[Waiting, None, None]:
        poll_s = 0.05
        while (phase := self._service.phase(job)) in WORKING:
            yield Waiting(phase)
            time.sleep(poll_s)
            poll_s = min(1.5 * poll_s, LONGEST_POLL_S)
        if phase != "COMPLETED":
            if phase not in ("ERROR", "ABORTED"):
                raise ArchiveError(f"says {one_line(phase)[:60]!r} where the phase of a job must stand")
            raise ArchiveError(f"refuses the query: {words_of(self._service.error(job)) or phase}")

    def _why(self, error: Exception) -> str:
        words = words_of(error.body)
        return f"{error}: {words}" if words else str(error)
