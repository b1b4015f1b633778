"""Serves one directory to the browser of this machine, with range requests, and opens nothing outside it."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from uvicorn.protocols.http.h11_impl import H11Protocol

from helios.errors import InputError
from helios.packing.served_file import served

HOST = "127.0.0.1"

SILENT_S = 60.0
"""A connection over which nothing went for so long is closed."""


class SiteFiles(StaticFiles):
    """The files of a directory: no names that begin with a dot, nothing behind a link that leads out."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        if "\0" in path or any(part.startswith(".") for part in Path(path).parts):
            return "", None
        return super().lookup_path(path)

    def file_response(self, full_path, stat_result, scope, status_code: int = 200) -> Response:
        name = Path(full_path).relative_to(os.path.realpath(self.all_directories[0])).as_posix()
        request = Headers(scope=scope)
        response = served(full_path, name, stat_result, request)
        return NotModifiedResponse(response.headers) if self.is_not_modified(response.headers, request) else response


class WatchedProtocol(H11Protocol):
    """HTTP/1.1 over a connection that is closed where the client neither asks nor reads for SILENT_S."""

    def connection_made(self, transport) -> None:
        super().connection_made(transport)
        self._last, self._left = self.loop.time(), 0
        self._watch()

    def data_received(self, data: bytes) -> None:
        self._last = self.loop.time()
        super().data_received(data)

    def _watch(self) -> None:
        """Look again when the silence may be long enough; what is still to be sent shows whether the client reads."""
        if self.transport.is_closing():
            return
        now, left = self.loop.time(), self.transport.get_write_buffer_size()
        if left != self._left:
            self._last, self._left = now, left
        if now - self._last >= SILENT_S:
            self.transport.abort()
        else:
            self.loop.call_later(min(SILENT_S / 4, self._last + SILENT_S - now), self._watch)


def site_app(directory: Path) -> Starlette:
    """Return the ASGI application that serves `directory`: GET and HEAD, ranges, gzip, ETag."""
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"], www_redirect=False)
    return Starlette(routes=[Mount("/", SiteFiles(directory=directory, html=True))], middleware=[hosts])


def open_socket(port: int) -> socket.socket:
    """Return a socket listening on 127.0.0.1, on any free port for 0. Raises InputError where the port is not free."""
    # asyncio sends small writes at once (TCP_NODELAY) only where a socket says that it is TCP; else the second write
    # of an answer waits for the acknowledgement of the first, 40 ms late.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be opened ({error.strerror})"
        raise InputError(f"port {port} {reason}: choose another with --port, or --port 0 for any free one") from error
    return listener


def serve(directory: Path, listener: socket.socket) -> None:
    """Serve `directory` on a listening socket until the process is interrupted."""
    site_server(directory).run(sockets=[listener])


def site_server(directory: Path) -> uvicorn.Server:
    """Return the server of `directory`, not yet running."""
    config = uvicorn.Config(
        site_app(directory), http=WatchedProtocol, ws="none", lifespan="off", log_level="warning", access_log=False
    )
    return uvicorn.Server(config)
