"""The server of a site, over real sockets: ranges, headers, and nothing from outside its directory.

Requests are written byte by byte (http.client does not tidy paths), because a tidy client would never send `..`.
Around the served directory lies a file that must not come out by any name.
"""

import errno
import socket
import time
from email.utils import parsedate_to_datetime

import pytest

from helios.errors import InputError
from helios.packing import server as server_module
from helios.packing.server import HOST, open_socket
from tests.unit.packing.serving import ask, serving

BYTES = bytes(range(256)) * 300
SECRET = b"outside"


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    root = tmp_path_factory.mktemp("served")
    site = root / "site"
    (site / "sub").mkdir(parents=True)
    (root / "secret.txt").write_bytes(SECRET)
    (root / "site2").mkdir()
    (root / "site2" / "secret.txt").write_bytes(SECRET)
    (site / ".git").mkdir()
    (site / ".git" / "config").write_bytes(SECRET)
    (site / ".hidden").write_bytes(SECRET)
    (site / "out").symlink_to(root)
    (site / "file").symlink_to(root / "secret.txt")
    (site / "data.bin").write_bytes(BYTES)
    (site / "empty.bin").write_bytes(b"")
    (site / "index.html").write_text("<!doctype html>")
    (site / "sub" / "index.html").write_text("sub")
    for name in ("a.js", "a.json", "a.css", "a.svg", "a.png", "a.wasm", "a.unknown"):
        (site / name).write_text("x")
    with serving(site) as (_, port):
        yield port


def test_a_file_comes_whole_with_what_a_cache_needs(port):
    status, headers, body = ask(port, "/data.bin")
    assert (status, body) == (200, BYTES)
    assert headers["content-length"] == str(len(BYTES))
    assert headers["accept-ranges"] == "bytes"
    assert headers["cache-control"] == "no-cache"
    assert headers["etag"].startswith('"')
    parsedate_to_datetime(headers["last-modified"])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("0-0", 0, 0),
        ("100-199", 100, 199),
        ("70000-", 70000, len(BYTES) - 1),
        ("-5", len(BYTES) - 5, len(BYTES) - 1),
        ("76799-99999999", 76799, len(BYTES) - 1),
        ("0-70000", 0, 70000),
    ],
)
def test_a_range_comes_alone(port, method, wanted, first, last):
    status, headers, body = ask(port, "/data.bin", method, Range=f"bytes={wanted}")
    assert status == 206
    assert headers["content-range"] == f"bytes {first}-{last}/{len(BYTES)}"
    assert headers["content-length"] == str(last - first + 1)
    assert body == (BYTES[first : last + 1] if method == "GET" else b"")


def test_a_range_beyond_the_end_is_416_with_the_size(port):
    status, headers, _ = ask(port, "/data.bin", Range=f"bytes={len(BYTES)}-")
    assert status == 416
    assert headers["content-range"] == f"bytes */{len(BYTES)}"
    assert ask(port, "/empty.bin", Range="bytes=0-1")[0] == 416


@pytest.mark.parametrize("wanted", ["lines=1-2", "bytes=", "bytes=b-a", "bytes"])
def test_a_range_that_is_none_is_refused(port, wanted):
    assert ask(port, "/data.bin", Range=wanted)[0] == 400


def test_several_ranges_come_as_parts(port):
    status, headers, body = ask(port, "/data.bin", Range="bytes=0-9,500-509")
    assert status == 206
    kind, boundary = headers["content-type"].split("; boundary=")
    assert kind == "multipart/byteranges"
    assert int(headers["content-length"]) == len(body)
    parts = [part.split(b"\r\n\r\n", 1) for part in body.split(b"--" + boundary.encode())[1:-1]]
    assert [data.removesuffix(b"\r\n") for _, data in parts] == [BYTES[:10], BYTES[500:510]]
    assert f"Content-Range: bytes 500-509/{len(BYTES)}".encode() in parts[1][0]


def test_an_unchanged_file_is_not_sent_again(port):
    etag = ask(port, "/data.bin")[1]["etag"]
    status, headers, body = ask(port, "/data.bin", If_None_Match=etag)
    assert (status, body, headers["etag"]) == (304, b"", etag)
    assert ask(port, "/data.bin", If_None_Match='"other"')[0] == 200
    assert ask(port, "/data.bin", Range="bytes=0-9", If_Range=etag)[0] == 206
    assert ask(port, "/data.bin", Range="bytes=0-9", If_Range='"other"')[0] == 200


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html?v=2", "text/html; charset=utf-8"),
        ("/sub/", "text/html; charset=utf-8"),
        ("/a.js", "text/javascript; charset=utf-8"),
        ("/a.json", "application/json"),
        ("/a.css", "text/css; charset=utf-8"),
        ("/a.svg", "image/svg+xml"),
        ("/a.png", "image/png"),
        ("/a.wasm", "application/wasm"),
        ("/data.bin", "application/octet-stream"),
        ("/a.unknown", "application/octet-stream"),
    ],
)
def test_each_kind_of_file_is_called_what_it_is(port, path, content_type):
    status, headers, _ = ask(port, path)
    assert (status, headers["content-type"]) == (200, content_type)
    assert headers["x-content-type-options"] == "nosniff"


OUTSIDE = [
    "/../secret.txt",
    "/sub/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/%2E%2E%2Fsecret.txt",
    "/..%2fsecret.txt",
    "/..%5csecret.txt",
    "/....//secret.txt",
    "/%252e%252e/secret.txt",
    "/../site2/secret.txt",
    "//secret.txt",
    "/%2fetc/passwd",
    "//etc/passwd",
    "/%00",
    "/data.bin%00.js",
    "/.git/config",
    "/.hidden",
    "/%2ehidden",
    "/sub/../.git/config",
    "/out/secret.txt",
    "/out/site2/secret.txt",
    "/file",
    "/out",
    "/missing",
    "/sub/missing/",
    "/" + "a" * 5000,
    "/data.bin/..%2f..%2fsecret.txt",
]


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_nothing_comes_from_outside_the_directory(port, path, method):
    status, _, body = ask(port, path, method)
    assert status == 404
    assert SECRET not in body


def test_an_absolute_path_to_the_secret_does_not_help(port, tmp_path_factory):
    secret = next(tmp_path_factory.getbasetemp().glob("served*/secret.txt"))
    for path in (f"/{secret}", str(secret), f"/%2f{str(secret)[1:]}", f"http://{HOST}{secret}"):
        status, _, body = ask(port, path)
        assert status in (400, 404)
        assert SECRET not in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_only_reading_is_allowed(port, method):
    status, headers, _ = ask(port, "/data.bin", method)
    assert status == 405
    assert headers["allow"] == "GET, HEAD"


def test_another_host_name_is_refused(port):
    assert ask(port, "/", Host="evil.example")[0] == 400
    assert ask(port, "/", Host=f"localhost:{port}")[0] == 200


def test_it_listens_on_this_machine_only(port):
    with open_socket(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_a_port_in_use_is_one_clear_line(port):
    with pytest.raises(InputError, match=f"^port {port} is in use: choose another with --port") as caught:
        open_socket(port)
    assert "\n" not in str(caught.value)


def test_a_port_that_the_system_keeps_is_one_clear_line(monkeypatch):
    def refuse(self, address):  # what bind does for a user's process; a test may run as root
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(InputError, match=r"^port 80 cannot be opened \(Permission denied\): choose another"):
        open_socket(80)


SILENT_S = 1.5
"""Long enough that a busy machine does not make a reading client look silent."""


@pytest.fixture
def watched(tmp_path, monkeypatch):
    """A server, and the port of it, that closes connections after SILENT_S of silence."""
    monkeypatch.setattr(server_module, "SILENT_S", SILENT_S)
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "large.bin").write_bytes(bytes(64 << 20))
    with serving(tmp_path) as (server, port):
        yield server, port


def test_answers_are_not_held_back(watched):
    """Each is two writes, of which Nagle's algorithm would keep the second for 40 ms on a reused connection."""
    server, port = watched
    with socket.create_connection((HOST, port), timeout=10) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
        (connection,) = server.server_state.connections
        theirs = connection.transport.get_extra_info("socket")
        assert theirs.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(
    "asked",
    [b"", b"GET / HT", b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n"],
    ids=["nothing", "half", "no reads"],
)
def test_a_silent_client_is_closed(watched, asked):
    server, port = watched
    with socket.create_connection((HOST, port), timeout=20) as client:
        client.sendall(asked)
        if asked.endswith(b"\n"):
            deadline = time.monotonic() + 20
            while not server.server_state.connections:
                assert time.monotonic() < deadline
            while server.server_state.connections:  # nothing is read meanwhile
                assert time.monotonic() < deadline
                time.sleep(0.05)
        else:
            assert client.recv(1000) in (b"",)


def test_a_slow_client_is_served_to_the_end(watched):
    """For longer than the silence that is allowed."""
    _, port = watched
    with socket.create_connection((HOST, port), timeout=20) as client:
        client.sendall(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        began, size = time.monotonic(), 0
        while data := client.recv(1 << 20):
            size += len(data)
            time.sleep(0.06)
        assert size > 64 << 20
        assert time.monotonic() - began > 2.0 * SILENT_S
