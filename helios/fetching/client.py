"""Sends queries to an archive one at a time, and sends a query again where the connection or the archive fails."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helios.errors import ArchiveError, InputError
from helios.fetching.answer import BrokenAnswer, one_line, read_answer, words_of
from helios.fetching.events import Retrying
from helios.progress import Advance, OnEvent

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST_POLL_S = 5.0
"""Longest wait, in seconds, between two requests for the phase of a job."""

TRANSIENT = (408, 429)
"""HTTP statuses below 500 after which a later try may succeed."""

WORKING = ("PENDING", "QUEUED", "EXECUTING", "HELD", "SUSPENDED", "UNKNOWN")
"""Phases of a job that may still give an answer (UWS 1.1, section 2.1.3)."""


class Client:
    """Queries the TAP service at `url`; `tries`, `pause_s` and `timeout_s` are as in FetchConfig.

    Raises InputError where pyvo is not installed.
    """

    def __init__(self, url: str, tries: int, pause_s: float, timeout_s: float):
        try:
            from helios.fetching import connection
        except ImportError as error:
            raise InputError(
                "fetching from an archive needs the package pyvo: pip install helios-planetarium[fetch]"
            ) from error
        self._errors, self._service = connection, connection.Service(url, timeout_s)
        self.url, self.tries, self.pause_s = url, tries, pause_s

    def ask(
        self,
        adql: str,
        columns: tuple[str, ...],
        path: Path,
        on_event: OnEvent,
        done: int = 0,
        rows: int | None = None,
    ) -> pa.Table:
        """Return the rows that answer `adql`, as `read_answer` does for `columns`.

        `path` is a temporary file for the answer; `rows`, if given, is how many rows it must have. `on_event` receives
        Retrying, and Advance with `done` and the phase that the archive reports. Raises ArchiveError where the archive
        refuses the query, gives an unexpected answer, or fails `tries` times.
        """
        job = None
        pause_s = self.pause_s
        try:
            for attempt in range(1, self.tries + 1):
                try:
                    job = job or self._service.launch(adql)
                    self._wait(job, on_event, done)
                    self._service.download(job, path)
                    table = read_answer(path, columns)
                    if rows is not None and len(table) != rows:
                        raise BrokenAnswer(f"{len(table):,} rows where {rows:,} were counted")
                    return table
                except self._errors.BadStatus as error:
                    words = words_of(error.body)
                    why = f"{error}: {words}" if words else str(error)
                    if error.status < 500 and error.status not in TRANSIENT:
                        raise ArchiveError(f"{self.url}: {why}") from error
                    job = None
                except ArchiveError as error:
                    raise ArchiveError(f"{self.url}: {error}") from error
                except BrokenAnswer as error:
                    why = f"an answer that is not whole: {one_line(str(error))}"
                    job = None
                except self._errors.Lost as error:
                    why = str(error)
                if attempt < self.tries:
                    text = f"try {attempt} of {self.tries}: {why}; again in {pause_s:g} s"
                    on_event(Retrying(text, attempt, self.tries, pause_s))
                    time.sleep(pause_s)
                    pause_s *= 2
        finally:
            self._service.close()
            path.unlink(missing_ok=True)
        raise ArchiveError(f"{self.url}: tried {self.tries} times; the last time: {why}")

    def _wait(self, job: Any, on_event: OnEvent, done: int) -> None:
        poll_s = 0.05
        while (phase := self._service.phase(job)) in WORKING:
            on_event(Advance(done, {"archive": phase.lower()}))
            time.sleep(poll_s)
            poll_s = min(1.5 * poll_s, LONGEST_POLL_S)
        if phase != "COMPLETED":
            if phase not in ("ERROR", "ABORTED"):
                raise ArchiveError(f"says {one_line(phase)[:60]!r} where the phase of a job must stand")
            raise ArchiveError(f"refuses the query: {self._service.error(job) or phase}")
