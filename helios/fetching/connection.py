"""Connects pyvo to a TAP service, with a timeout, limits on what is read, and the archive's own error messages.

Importing this module needs pyvo.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from pyvo.dal import TAPService
from pyvo.dal.exceptions import DALQueryError
from pyvo.dal.tap import AsyncTAPJob

from helios import __version__
from helios.errors import ArchiveError
from helios.fetching.answer import BrokenAnswer, check_job, one_line

MAX_REDIRECTS = 5

LARGEST_DOCUMENT = 1 << 20
"""Most bytes that are read of a job's description or of an error page."""


class BadStatus(Exception):
    """An HTTP status of 400 or above, with the body of the response."""

    def __init__(self, status: int, reason: str, body: bytes):
        super().__init__(f"HTTP {status} {reason}".strip())
        self.status, self.body = status, body


class Lost(Exception):
    """A connection that could not be made, was dropped, or timed out."""


class Service:
    """The TAP service at `url`, queried by asynchronous jobs: archives truncate the answers of synchronous ones.

    All methods raise BadStatus or Lost where the archive or the connection fails, and ArchiveError where the answer is
    not that of a TAP service.
    """

    def __init__(self, url: str, timeout_s: float):
        self._session = _Session(url, timeout_s)
        self._tap = TAPService(url, session=self._session)

    def launch(self, adql: str) -> AsyncTAPJob:
        """Start the query, and return its job."""
        with _understanding():
            return self._tap.submit_job(adql, PHASE="RUN")

    def phase(self, job: AsyncTAPJob) -> str:
        """Return the phase of the job: QUEUED, EXECUTING, COMPLETED, ERROR, ABORTED, ... (UWS 1.1)."""
        with _understanding():
            return str(job.phase or "").strip().upper()

    def error(self, job: AsyncTAPJob) -> str:
        """Return the archive's message on a job that failed, on one line; empty where it gives none."""
        try:
            job.raise_if_error()
        except DALQueryError as error:
            words = one_line(str(error.reason).removeprefix("Query Error:"))
            return "" if words == "<No useful error from server>" else words
        return ""

    def download(self, job: AsyncTAPJob, path: Path) -> None:
        """Write the job's answer to the file `path`. Raises Lost where the connection ends before the answer does."""
        self._session.download(job.result_uri or f"{job.url}/results/result", path)

    def close(self) -> None:
        """Close the connections; the next call opens a new one."""
        self._session.close()


@contextlib.contextmanager
def _understanding() -> Iterator[None]:
    """Turn whatever pyvo raises on a job description that it cannot parse into an ArchiveError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (BadStatus, Lost, BrokenAnswer, ArchiveError, OSError):
        raise
    except Exception as error:
        why = one_line(str(error)) or type(error).__name__
        raise ArchiveError(f"does not describe the job as TAP services do ({why})") from error


class _Document(io.BytesIO):
    """A response body, already read, with the part of the interface of urllib3's response that pyvo uses."""

    def read(self, size: int | None = -1, decode_content: bool | None = None) -> bytes:
        return super().read(size)


class _Session(requests.Session):
    """Contacts only the host of `url`, whatever redirects and job descriptions say; raises BadStatus and Lost.

    pyvo does not catch errors of these types.
    """

    def __init__(self, url: str, timeout_s: float):
        super().__init__()
        self._place, self._timeout_s = urlsplit(url), timeout_s
        self.max_redirects = MAX_REDIRECTS
        self.headers.update({"User-Agent": f"helios/{__version__} (IVOA-science)", "Accept-Encoding": "gzip"})

    def request(self, method, url, *arguments, **options):
        """As `requests.Session.request`, with the body already read and checked to be the description of a job."""
        response = self._ask(method, url, *arguments, **options)
        if method.upper() == "POST" and not response.history:
            response.close()
            raise ArchiveError("does not accept the query as TAP services do")
        body = _read(response)
        if len(body) > LARGEST_DOCUMENT:
            raise ArchiveError(f"describes a job in more than {LARGEST_DOCUMENT:,} bytes; refused")
        check_job(body)
        response.raw = _Document(body)
        return response

    def download(self, url: str, path: Path) -> None:
        """Write the content at `url` to the file `path`."""
        response = self._ask("GET", url)
        try:
            with path.open("wb") as file:
                for block in response.iter_content(1 << 16):
                    file.write(block)
        except requests.RequestException as error:
            raise Lost(_cause(error)) from error
        finally:
            response.close()
        length, received = response.headers.get("Content-Length", ""), response.raw.tell()
        if length.isdecimal() and received != int(length):
            raise Lost(f"the connection was dropped after {received:,} of {int(length):,} bytes")

    def get_redirect_target(self, resp):
        """Return the address of a redirect, moved to the host of the service."""
        location = super().get_redirect_target(resp)
        return location and self._here(urljoin(resp.url, location))

    def _here(self, url: str) -> str:
        return urlsplit(url)._replace(scheme=self._place.scheme, netloc=self._place.netloc).geturl()

    def _ask(self, method: str, url: str, *arguments: Any, **options: Any) -> requests.Response:
        options |= {"timeout": self._timeout_s, "stream": True}
        try:
            response = super().request(method, self._here(url), *arguments, **options)
        except requests.RequestException as error:
            raise Lost(_cause(error)) from error
        if response.status_code >= 400:
            raise BadStatus(response.status_code, response.reason, _read(response))
        return response


def _read(response: requests.Response) -> bytes:
    """Return the body, or its first part where it has more than LARGEST_DOCUMENT bytes."""
    body = b""
    try:
        for block in response.iter_content(1 << 16):
            body += block
            if len(body) > LARGEST_DOCUMENT:
                break
    except requests.RequestException as error:
        raise Lost(_cause(error)) from error
    finally:
        response.close()
    return body


def _cause(error: BaseException) -> str:
    """Return the message of the innermost cause of an error, on one line; its type where it has no message."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return one_line(str(error)) or type(error).__name__
