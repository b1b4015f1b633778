"""A file of a site as an answer over HTTP: its type, its bytes, plain or gzipped, and how long they may be kept."""

from __future__ import annotations

import gzip
import os
import re
from email.utils import formatdate
from functools import lru_cache
from pathlib import Path, PurePath

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

CONTENT_TYPES = {
    ".bin": "application/octet-stream",
    ".css": "text/css; charset=utf-8",
    ".gz": "application/gzip",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
}
"""The system's own table may say otherwise (some give scripts as text/plain, which no browser runs as a module)."""

TEXT = ("text/", "application/json", "image/svg+xml")
"""How types begin that are sent gzipped."""

GZIPPED_BYTES = 512, 16 << 20
"""Least and most bytes of a file that is sent gzipped: below, the header of HTTP outweighs what is won; above, it would
take the first client a second, and this machine the memory, to win what loopback does not need."""

GZIPPED_FILES = 32
"""So many are kept gzipped, the last that were asked for; a site has some ten."""

HASHED = re.compile(r"assets/[^/]+-[0-9a-f]{8}\.(css|js)")
"""Names, relative to the site, that bear a hash of the content: those that `client_export/vite.config.ts` gives to
scripts and styles. Other bytes have another name."""

WEIGHT = re.compile(r"(?:q=(1(?:\.0{0,3})?|0(?:\.\d{0,3})?))?")
"""What follows a coding that a client accepts; none is 1."""

FOR_EVER, ASK_EACH_TIME = "public, max-age=31536000, immutable", "no-cache"
"""`Cache-Control` of hashed names, and of all others: a new pack must show at the next reload."""


def served(path: str, name: str, stat: os.stat_result, request: Headers) -> Response:
    """Return the answer with the file at `path`, whose path in the site is `name`, to a request of these headers.

    Text goes gzipped to clients that accept it and ask for no range. Both forms have an ETag of their own, which is
    strong: whatever changes the file changes the times and the size that it is made of.
    """
    content_type = CONTENT_TYPES.get(PurePath(name).suffix.lower(), "application/octet-stream")
    etag = f"{stat.st_ino:x}-{stat.st_size:x}-{stat.st_mtime_ns:x}-{stat.st_ctime_ns:x}"
    headers = {
        "Content-Type": content_type,
        "Cache-Control": FOR_EVER if HASHED.fullmatch(name) else ASK_EACH_TIME,
        "X-Content-Type-Options": "nosniff",
        "Last-Modified": formatdate(stat.st_mtime, usegmt=True),
        "ETag": f'"{etag}"',
    }
    if content_type.startswith(TEXT):
        headers["Vary"] = "Accept-Encoding"
        least, most = GZIPPED_BYTES
        if "range" not in request and least <= stat.st_size <= most and accepts_gzip(request):
            return GzippedFile(path, headers | {"Content-Encoding": "gzip", "ETag": f'"{etag}-gzip"'})
    return FileResponse(path, headers=headers, stat_result=stat)


def accepts_gzip(request: Headers) -> bool:
    """Whether the request's `Accept-Encoding` (RFC 9110, 12.5.3) takes gzip, and no less than the plain file."""
    weights = {}
    for part in ",".join(request.getlist("accept-encoding")).lower().split(","):
        coding, _, parameter = (piece.strip() for piece in part.partition(";"))
        weight = WEIGHT.fullmatch(parameter)
        weights[coding] = float(weight[1] or 1) if weight else 0.0
    wanted = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return wanted > 0 and wanted >= weights.get("identity", 0.0)


class GzippedFile(Response):
    """The answer with a file, gzipped; compressing is not waited for by other connections."""

    def __init__(self, path: str, headers: dict[str, str]):
        super().__init__(headers=headers)
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.body = await anyio.to_thread.run_sync(_gzipped, self._path, self.headers["ETag"])
        self.headers["Content-Length"] = str(len(self.body))
        await super().__call__(scope, receive, send)


@lru_cache(GZIPPED_FILES)
def _gzipped(path: str, etag: str) -> bytes:
    """The file at `path`, of this ETag, gzipped: the same bytes each time."""
    return gzip.compress(Path(path).read_bytes(), compresslevel=6, mtime=0)
