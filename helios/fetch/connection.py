"""Astroquery's connection to a TAP service, with a time limit, and with the archive's own words kept on errors.

Importing this needs astroquery.
"""

from __future__ import annotations

import http.client
from pathlib import Path
from urllib.parse import urlsplit

import requests
from astroquery.utils.tap.conn.tapconn import ConnectionHandler, TapConn
from astroquery.utils.tap.core import Tap

REDIRECTS = (301, 302, 303, 307, 308)


class BadStatus(Exception):
    """An HTTP status of 400 and above, with the body that came with it."""

    def __init__(self, status: int, reason: str, body: bytes):
        super().__init__(f"HTTP {status} {reason}".strip())
        self.status, self.body = status, body


class CutShort(Exception):
    """A body that ended before the length that its header declares."""


class _Handler(ConnectionHandler):
    """Makes connections that give up after `timeout_s`, and closes each when the next one is made."""

    def __init__(self, host: str, port: int, timeout_s: float):
        super().__init__(host, port, port)
        self._place, self._timeout_s = (host, port), timeout_s
        self._open: http.client.HTTPConnection | None = None

    def get_connection(self, *, ishttps=False, cookie=None, verbose=False):
        self.close()
        kind = http.client.HTTPSConnection if ishttps else http.client.HTTPConnection
        self._open = kind(*self._place, timeout=self._timeout_s)
        return self._open

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


class _Connection(TapConn):
    """Raises BadStatus where astroquery would print the body, or drop it."""

    def execute_tappost(self, *arguments, **named):
        return _checked(super().execute_tappost(*arguments, **named))

    def execute_tapget(self, *arguments, **named):
        return _checked(super().execute_tapget(*arguments, **named))


def _checked(response: http.client.HTTPResponse) -> http.client.HTTPResponse:
    if response.status >= 400:
        raise BadStatus(response.status, response.reason, response.read(1 << 20))
    return response


class NotTap(Exception):
    """An answer to a query that is no redirection to a job."""


class TapService:
    """The TAP service at `url`, asked by asynchronous jobs: an archive cuts the answers of synchronous ones short.

    All methods raise BadStatus, OSError or http.client.HTTPException where the archive or the way to it fails.
    """

    def __init__(self, url: str, timeout_s: float):
        parts = urlsplit(url)
        https = parts.scheme == "https"
        port = parts.port or (443 if https else 80)
        context, _, last = parts.path.rstrip("/").rpartition("/")
        self._handler = _Handler(parts.hostname, port, timeout_s)
        place = {"server_context": context or None, "tap_context": last, "port": port, "sslport": port}
        self._connection = _Connection(https, parts.hostname, connhandler=self._handler, **place)
        self._tap = Tap(host=parts.hostname, connhandler=self._connection)

    def launch(self, adql: str) -> str:
        """Have the query run, and return its job's identifier. Raises NotTap for an answer that has none."""
        try:
            job = self._tap.launch_job_async(adql, background=True)
        except requests.HTTPError as error:  # an OSError, but the archive is there and BadStatus was not raised
            raise NotTap("does not accept the query as TAP services do") from error
        except (BadStatus, OSError, http.client.HTTPException):
            raise
        except Exception as error:  # whatever astroquery raises on a redirection that it does not understand
            raise NotTap(f"does not accept the query as TAP services do ({error})") from error
        if not job.jobid:
            raise NotTap("does not say which job it runs the query as")
        return job.jobid

    def phase(self, job: str) -> str:
        """Return how far the job is: QUEUED, EXECUTING, COMPLETED, ERROR, ABORTED, ... (UWS 1.1)."""
        return self._get(f"async/{job}/phase").read(200).decode("utf-8", "replace").strip().upper()

    def error(self, job: str) -> bytes:
        """Return what the archive says of a job that failed."""
        return self._get(f"async/{job}/error").read(1 << 20)

    def download(self, job: str, path: Path) -> None:
        """Write the job's answer as the file `path`. Raises CutShort where the connection ends before it does."""
        response = self._get(f"async/{job}/results/result")
        length, received = response.length, 0
        with path.open("wb") as file:
            while block := response.read(1 << 16):
                file.write(block)
                received += len(block)
        if length is not None and received != length:
            raise CutShort(f"the connection was dropped after {received:,} of {length:,} bytes")

    def close(self) -> None:
        """Close the connection; the next call opens one again."""
        self._handler.close()

    def _get(self, address: str) -> http.client.HTTPResponse:
        """Follow redirections, on the same host whatever they say."""
        for _ in range(5):
            response = self._connection.execute_tapget(address)
            location = response.getheader("location")
            if response.status not in REDIRECTS or not location:
                return response
            target = urlsplit(location)
            name = target.path[target.path.find("async/") :] if "async/" in target.path else target.path.lstrip("/")
            address = f"{name}?{target.query}" if target.query else name
        raise http.client.HTTPException("more than 5 redirections")
