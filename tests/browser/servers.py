"""Static servers on 127.0.0.1: Python's own, which ignores byte ranges, one that honours them, one that knows gzip."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class WholeFiles(SimpleHTTPRequestHandler):
    """Python's `http.server`: a request for a range is answered with 200 and the whole file. Remembers requests."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Write nothing: the tests' output is for failures."""

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers.get("Range")))
        super().do_GET()


class Ranges(WholeFiles):
    """Answers `Range: bytes=a-b` with 206 and those bytes."""

    def do_GET(self) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        path = Path(self.translate_path(self.path))
        if not asked or not path.is_file():
            super().do_GET()
            return
        self.server.requests.append((self.path, asked[0]))
        data = path.read_bytes()
        start, end = int(asked[1]), min(int(asked[2]), len(data) - 1)
        self.send_response(206)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Range", f"bytes {start}-{end}/{len(data)}")
        self.send_header("Content-Length", str(end - start + 1))
        self.end_headers()
        self.wfile.write(data[start : end + 1])


class Unpacking(Ranges):
    """Says of files named `.gz` that they are gzipped on the way only, as many servers do: a browser unpacks them."""

    def end_headers(self) -> None:
        if self.path.endswith(".gz"):
            self.send_header("Content-Encoding", "gzip")
        super().end_headers()


@contextmanager
def serving(directory: Path, handler: type[WholeFiles]) -> Iterator[ThreadingHTTPServer]:
    """Serve a directory on a free port; the server's `requests` lists (path, range) of what was asked."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(directory)))
    server.requests = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
