"""Files as answers: compression, what a cache may keep and how it asks again, by clients without code of Starlette.

Bodies are taken off the socket by http.client, which decodes nothing, and unpacked by zlib; the raw exchange on one
connection would fall out of step if an answer had a byte more or less than it says.
"""

import os
import re
import shutil
import socket
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest

from helios.packing.server import HOST
from tests.unit.packing.serving import ask, serving

WEB = Path(__file__).parents[3] / "helios" / "web"
GZIP = {"Accept_Encoding": "gzip, deflate, br"}
FOR_EVER = "public, max-age=31536000, immutable"
TEXTS = ("index.html", "a.js", "a.mjs", "a.css", "a.json", "a.svg", "a.txt", "a.md", "assets/viewer-0123abcd.js")
BINARIES = ("tiles-00000.bin", "landmarks.json.gz", "a.png", "a.jpg", "a.wasm", "a.woff2", "a.unknown", "none")
NAMED = (*TEXTS, *BINARIES, "sub/assets/viewer-0123abcd.js", "assets/viewer-0123abcd.bin", "small.json", "empty.txt")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Files of the same text, compressible where they may not be compressed too."""
    site = tmp_path_factory.mktemp("files") / "site"
    for name in NAMED:
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_bytes(b"".join(b"%s %d\n" % (name.encode(), n) for n in range(500)))
    (site / "small.json").write_bytes(b"1" * 511)
    (site / "empty.txt").write_bytes(b"")
    return site


@pytest.fixture(scope="module")
def port(site):
    with serving(site) as (_, port):
        yield port


def unzipped(body: bytes) -> bytes:
    """What a gzip file of one member, and nothing behind it, holds."""
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    content = unpacker.decompress(body) + unpacker.flush()
    assert unpacker.eof
    assert unpacker.unused_data == b""
    return content


@pytest.mark.parametrize("name", TEXTS)
def test_text_goes_gzipped_and_plain_with_an_etag_each(port, site, name):
    content = (site / name).read_bytes()
    plain, gzipped = ask(port, f"/{name}"), ask(port, f"/{name}", **GZIP)
    assert plain[0] == gzipped[0] == 200
    assert plain[2] == unzipped(gzipped[2]) == content
    assert len(gzipped[2]) < len(content) / 3
    for _, headers, body in (plain, gzipped):
        assert headers["content-length"] == str(len(body))
        assert headers["vary"] == "Accept-Encoding"
        assert re.fullmatch(r'"[0-9a-z-]+"', headers["etag"])
    assert gzipped[1]["content-encoding"] == "gzip"
    assert "content-encoding" not in plain[1]
    assert plain[1]["etag"] != gzipped[1]["etag"]
    same = {"content-type", "cache-control", "last-modified", "x-content-type-options"}
    assert {name: plain[1][name] for name in same} == {name: gzipped[1][name] for name in same}
    assert ask(port, f"/{name}", **GZIP)[1:] == (gzipped[1] | {"date": ask(port, f"/{name}")[1]["date"]}, gzipped[2])


@pytest.mark.parametrize("name", [*BINARIES, "assets/viewer-0123abcd.bin", "small.json", "empty.txt"])
def test_what_is_no_text_or_short_goes_as_it_is(port, site, name):
    status, headers, body = ask(port, f"/{name}", **GZIP)
    assert (status, body) == (200, (site / name).read_bytes())
    assert "content-encoding" not in headers
    assert ("vary" in headers) == name.endswith((".json", ".txt"))
    assert headers["etag"] == ask(port, f"/{name}")[1]["etag"]


def test_text_that_would_take_a_second_goes_as_it_is(tmp_path):
    for name, size in (("most.json", 16 << 20), ("more.json", (16 << 20) + 1)):
        (tmp_path / name).write_bytes(b" " * size)
    with serving(tmp_path) as (_, port):
        assert unzipped(ask(port, "/most.json", **GZIP)[2]) == b" " * (16 << 20)
        assert ask(port, "/more.json", **GZIP)[2] == b" " * ((16 << 20) + 1)


@pytest.mark.parametrize(
    ("accepted", "gzipped"),
    [
        ("gzip", True),
        ("GZip", True),
        ("x-gzip", True),
        ("*", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("gzip ; q=0.001", True),
        ("gzip;q=1.000, identity;q=0.5", True),
        ("deflate, gzip;q=0.5, identity;q=0.5", True),
        ("identity, gzip;q=0.5", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("gzip;q=2", False),
        ("gzip;q=much", False),
        ("gzipped", False),
        ("identity", False),
        ("br, deflate", False),
        ("", False),
        (",;,;q=1", False),
    ],
)
def test_gzip_goes_to_those_that_accept_it(port, accepted, gzipped):
    assert ("content-encoding" in ask(port, "/a.js", Accept_Encoding=accepted)[1]) == gzipped


@pytest.mark.parametrize("name", ["a.js", "a.json", "landmarks.json.gz", "tiles-00000.bin"])
def test_ranges_are_of_the_plain_file(port, site, name):
    content, plain = (site / name).read_bytes(), ask(port, f"/{name}")[1]["etag"]
    status, headers, body = ask(port, f"/{name}", Range="bytes=10-109", **GZIP)
    assert (status, body, headers["etag"]) == (206, content[10:110], plain)
    assert "content-encoding" not in headers
    assert ask(port, f"/{name}", Range="bytes=10-109", If_Range=plain, **GZIP)[2] == content[10:110]
    several = ask(port, f"/{name}", Range="bytes=0-9,500-509", **GZIP)
    assert (several[0], "content-encoding" in several[1]) == (206, False)
    of_gzip = ask(port, f"/{name}", **GZIP)[1]["etag"]
    status, headers, body = ask(port, f"/{name}", Range="bytes=10-109", If_Range=of_gzip, **GZIP)
    if name in BINARIES:
        assert (status, body) == (206, content[10:110])
    else:  # a part of the gzipped file cannot go on with bytes of the plain one
        assert (status, body, headers["etag"]) == (200, content, plain)


@pytest.mark.parametrize(
    "name", ["a.js", "index.html", "assets/viewer-0123abcd.js", "landmarks.json.gz", "tiles-00000.bin"]
)
def test_what_a_client_has_is_not_sent_again(port, name):
    forms = [ask(port, f"/{name}", **accepted)[1] for accepted in ({}, GZIP)]
    for form, accepted in zip(forms, ({}, GZIP)):
        etag = form["etag"]
        for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            status, headers, body = ask(port, f"/{name}", If_None_Match=known, **accepted)
            assert (status, body) == (304, b"")
            for header in ("etag", "cache-control", "vary"):
                assert headers.get(header) == form.get(header)
            assert not {"content-length", "content-encoding"} & set(headers)
        old = ask(port, f"/{name}", If_None_Match='"other"', If_Modified_Since=form["last-modified"], **accepted)
        assert old[0] == 200
        assert ask(port, f"/{name}", If_Modified_Since=form["last-modified"], **accepted)[0] == 304
    if forms[0]["etag"] != forms[1]["etag"]:
        assert ask(port, f"/{name}", If_None_Match=forms[0]["etag"], **GZIP)[0] == 200
        assert ask(port, f"/{name}", If_None_Match=forms[1]["etag"])[0] == 200


@pytest.mark.parametrize("accepted", [{}, GZIP], ids=["plain", "gzip"])
def test_another_file_of_the_same_size_and_time_is_sent(tmp_path, accepted):
    """As the pages of two viewers are, whose scripts have names of the same length, out of archives with one time."""
    page = tmp_path / "index.html"
    with serving(tmp_path) as (_, port):
        seen = set()
        for letter in "abc":
            (tmp_path / "new").write_text(letter * 2000)
            (tmp_path / "new").replace(page)
            os.utime(page, (1e9, 1e9))
            _, headers, body = ask(port, "/", **accepted)
            assert (unzipped(body) if accepted else body) == letter.encode() * 2000
            assert headers["etag"] not in seen
            for etag in seen:
                assert ask(port, "/", If_None_Match=etag, **accepted)[0] == 200
            seen.add(headers["etag"])


@pytest.mark.parametrize(
    ("name", "hashed"),
    [
        ("assets/viewer-0123abcd.js", True),
        ("assets/viewer-0123abcd.css", True),
        ("assets/three-part_2-00000000.js", True),
        ("assets/viewer.js", False),
        ("assets/viewer-0123abc.js", False),
        ("assets/viewer-0123abcde.js", False),
        ("assets/viewer-0123ABCD.js", False),
        ("assets/viewer0123abcd.js", False),
        ("assets/photo-20240101.jpg", False),
        ("assets/cells-0123abcd.bin", False),
        ("assets/more/viewer-0123abcd.js", False),
        ("my/assets/viewer-0123abcd.js", False),
        ("viewer-0123abcd.js", False),
        ("index.html", False),
        ("site.json", False),
        ("assets/linked-0123abcd.js", False),
    ],
)
def test_only_what_bears_its_hash_is_kept_for_ever(tmp_path, name, hashed):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "other.js").write_text("x")
    if "linked" in name:
        (tmp_path / name).symlink_to(tmp_path / "other.js")
    else:
        (tmp_path / name).write_text("x")
    with serving(tmp_path) as (_, port):
        for path in (f"/{name}", f"/{name}?v=1"):
            assert ask(port, path)[1]["cache-control"] == (FOR_EVER if hashed else "no-cache")
        missing = ask(port, "/assets/missing-0123abcd.js")
        assert (missing[0], "cache-control" in missing[1]) == (404, False)


def test_the_viewer_that_is_shipped_is_kept_but_for_its_page():
    with serving(WEB) as (_, port):
        for file in WEB.rglob("*.*"):
            hashed = file.suffix in (".js", ".css")
            kept = ask(port, f"/{file.relative_to(WEB).as_posix()}")[1]["cache-control"]
            assert kept == (FOR_EVER if hashed else "no-cache")


def exchange(client, method, path, lines):
    """One request on a socket's reader and writer: status line, header lines but for the date, and the body."""
    client.write(
        "".join(f"{line}\r\n" for line in (f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "")).encode()
    )
    client.flush()
    head = []
    while (line := client.readline()) not in (b"\r\n", b""):
        if not line.lower().startswith(b"date:"):
            head.append(line.decode().strip().lower())
    length = next((int(line.split(":")[1]) for line in head if line.startswith("content-length:")), 0)
    return head, client.read(0 if method == "HEAD" else length)


def test_head_is_get_without_the_body_on_one_connection(port, site):
    """An answer with a byte too many or too few makes the next one unreadable."""
    rng = np.random.default_rng(7)
    known = ask(port, "/a.js", **GZIP)[1]["etag"]
    asks = [(), ("Accept-Encoding: gzip",), ("Accept-Encoding: gzip", "Range: bytes=5-99"), ("Range: bytes=99999999-",)]
    asks += [("Range: nonsense",), ("Accept-Encoding: gzip", f"If-None-Match: {known}")]
    with socket.create_connection((HOST, port), timeout=20) as connection, connection.makefile("rwb") as client:
        for number in rng.permutation(len(NAMED) * len(asks)):
            name, lines = NAMED[number // len(asks)], asks[number % len(asks)]
            head, nothing = exchange(client, "HEAD", f"/{name}", lines)
            whole, body = exchange(client, "GET", f"/{name}", lines)
            assert head == whole
            assert head[0].split()[1] in ("200", "206", "304", "400", "416")
            assert nothing == b""
            content = (site / name).read_bytes()
            if head[0] == "http/1.1 200 ok":
                assert (unzipped(body) if "content-encoding: gzip" in head else body) == content
            if head[0].startswith("http/1.1 206"):
                assert body == content[5:100]


def test_curl_reads_it(port, site, tmp_path):
    if (curl := shutil.which("curl")) is None:
        pytest.skip("needs curl")
    asked = [curl, "-sS", "--noproxy", "*", f"http://{HOST}:{port}/a.js"]
    etag = ["--compressed", "--etag-save", str(tmp_path / "etag"), "-o", str(tmp_path / "a.js")]
    subprocess.run([*asked, *etag], check=True, timeout=20)
    assert (tmp_path / "a.js").read_bytes() == (site / "a.js").read_bytes()
    again = ["--compressed", "--etag-compare", str(tmp_path / "etag"), "-o", os.devnull]
    done = subprocess.run([*asked, *again, "-w", "%{http_code} %{size_download}"], capture_output=True, timeout=20)
    assert done.stdout == b"304 0"
