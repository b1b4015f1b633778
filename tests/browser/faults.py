"""Static servers with faults: they answer as proxies, hosts and networks do, for the files and ranges they are told."""

from __future__ import annotations

import gzip
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from servers import Ranges, WholeFiles

STALL_S = 120
"""So long nothing comes, which is longer than any test waits for it."""


OVER = "/faults-are-over"
"""Asking for this ends all faults."""


@dataclass
class Fault:
    """`answer` replaces what is sent for files whose path matches `path`, `times` times; None: always.

    `byte` limits it to ranges with this byte of the file.
    """

    path: str
    answer: Callable[[WholeFiles, bytes, int, dict[str, str]], None]
    times: int | None = None
    byte: int | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def applies(self, path: str, start: int, end: int) -> bool:
        """Whether this request meets the fault, which counts it."""
        if not re.search(self.path, path) or (self.byte is not None and not start <= self.byte < end):
            return False
        with self.lock:
            if self.times is None:
                return True
            self.times -= 1
            return self.times >= 0


def send(handler: WholeFiles, body: bytes, status: int, headers: dict[str, str], *, length: bool = True) -> None:
    """Send an answer, and close the connection after one without a length."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    if length:
        handler.send_header("Content-Length", str(len(body)))
    else:
        handler.send_header("Connection", "close")
        handler.close_connection = True
    handler.end_headers()
    handler.wfile.write(body)


def status(code: int, **headers: str):
    """Answer with an error of the server."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, body, _, __: send(handler, b"no", code, {"Content-Type": "text/plain", **named})


def stall(handler: WholeFiles, body: bytes, code: int, headers: dict[str, str]) -> None:
    """Answer nothing."""
    time.sleep(STALL_S)
    handler.close_connection = True


def stall_inside(handler: WholeFiles, body: bytes, code: int, headers: dict[str, str]) -> None:
    """Send the first half of the body."""
    handler.send_response(code)
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.wfile.flush()
    time.sleep(STALL_S)
    handler.close_connection = True


def drip(handler: WholeFiles, body: bytes, code: int, headers: dict[str, str]) -> None:
    """Send a byte a second, for ever."""
    handler.send_response(code)
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        handler.send_header(name, value)
    handler.end_headers()
    for byte in body[:STALL_S]:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(1)
    handler.close_connection = True


def cut(handler: WholeFiles, body: bytes, code: int, headers: dict[str, str]) -> None:
    """Send less than there is, without saying how much that is."""
    send(handler, body[:-40], code, headers, length=False)


def flip(handler: WholeFiles, body: bytes, code: int, headers: dict[str, str]) -> None:
    """Flip a bit of the byte at which the fault is, or of that in the middle."""
    spoilt = bytearray(body)
    spoilt[handler.fault_at] ^= 4
    send(handler, bytes(spoilt), code, headers)


def reset(handler: WholeFiles, body: bytes, code: int, headers: dict[str, str]) -> None:
    """Send half of the body, and reset the connection: of one that is reset before, Chromium itself asks again."""
    handler.send_response(code)
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def page(handler: WholeFiles, body: bytes, code: int, headers: dict[str, str]) -> None:
    """Send a web page, and say that all is well."""
    send(handler, b"<!doctype html><title>Welcome</title>", 200, {"Content-Type": "text/html"})


def zipped(handler: WholeFiles, body: bytes, code: int, headers: dict[str, str]) -> None:
    """Send the body gzipped, to who takes that, and do not say how long it is."""
    if "gzip" not in (handler.headers.get("Accept-Encoding") or ""):
        send(handler, body, code, headers, length=False)
        return
    send(handler, gzip.compress(body), code, {**headers, "Content-Encoding": "gzip"}, length=False)


def bytes_of_gzip(handler: WholeFiles, body: bytes, code: int, headers: dict[str, str]) -> None:
    """Take the range out of what gzip makes of the file: its bytes are of no use alone."""
    if code == 200:
        zipped(handler, body, code, headers)
        return
    path = Path(handler.translate_path(handler.path))
    start = int(re.search(r"bytes (\d+)-", headers["Content-Range"])[1])
    packed = gzip.compress(path.read_bytes())[start : start + len(body)]
    send(handler, packed, code, {**headers, "Content-Encoding": "gzip"})


def faulty(*faults: Fault, ranges: bool = True, missing: Callable | None = None) -> type[WholeFiles]:
    """Return a handler with `faults`; without `ranges` it ignores ranges; `missing` answers for absent files."""

    class Faulty(Ranges):
        def do_GET(self) -> None:
            path = Path(self.translate_path(self.path))
            name = self.path.split("?")[0]
            if path.is_dir():
                super().do_GET()
                return
            if name == OVER:
                for fault in faults:
                    fault.times = 0
                send(self, b"", 200, {"Content-Type": "text/plain"})
                return
            asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "") if ranges else None
            self.server.requests.append((name, asked[0] if asked else None))
            if not path.is_file():
                (missing or status(404))(self, b"", 404, {})
                return
            data = path.read_bytes()
            start, end, code = 0, len(data), 200
            headers = {"Content-Type": self.guess_type(str(path)), "Cache-Control": "no-cache"}
            if asked:
                start, end, code = int(asked[1]), min(int(asked[2]) + 1, len(data)), 206
                headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
            met = next((fault for fault in faults if fault.applies(name, start, end)), None)
            self.fault_at = (end - start) // 2 if met is None or met.byte is None else met.byte - start
            try:
                (met.answer if met else send)(self, data[start:end], code, headers)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the visitor has given up

    return Faulty
