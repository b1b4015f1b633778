"""`helios serve` as a process: it says on one line where it listens, serves the site, and ends with Ctrl-C.

The site is made by `helios pack --site` of a small universe; what the server gives out is compared with its files.
"""

import functools
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from helios.cli import main
from helios.packing.pack import pack_universe
from helios.packing.site import write_site
from helios.universe import Universe
from tests.unit.packing import scene

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    pack_universe(scene.make_stars(folder / "universe"))
    write_site(Universe.open(folder / "universe"), folder / "site", viewer=scene.make_viewer(folder / "web"))
    return folder / "site"


def test_it_says_where_it_listens_serves_the_site_and_stops(site):
    process = subprocess.Popen(
        [sys.executable, "-m", "helios", "serve", str(site), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        # A shell's background job ignores Ctrl-C, and so would all that it starts.
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    try:
        line = process.stdout.readline()
        port = int(re.search(r"at http://127\.0\.0\.1:(\d+)/ ", line)[1])
        for name, data in scene.tree(site).items():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", f"/{name}", headers={"Range": "bytes=1-"})
            response = connection.getresponse()
            assert (response.status, response.read()) == (206, data[1:])
            connection.close()
    finally:
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)
    assert (process.returncode, rest, errors) == (0, "stopped\n", "")


def serve(*arguments):
    result = CliRunner().invoke(main, ["serve", *map(str, arguments)])
    return result.exit_code, result.output


def test_a_port_in_use_is_one_clear_line(site):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output = serve(site, "--port", port)
    assert code == 1
    assert output == f"Error: port {port} is in use: choose another with --port, or --port 0 for any free one\n"


def test_no_site_is_one_clear_line(tmp_path):
    code, output = serve(tmp_path / "missing")
    assert (code, output.count("\n")) == (1, 1)
    assert "no such directory (make a site with `helios pack --site" in output
    code, output = serve(tmp_path)
    assert (code, output.count("\n")) == (1, 1)
    assert "has no index.html (make a site with `helios pack --site" in output


def test_a_damaged_site_is_not_served(site, tmp_path):
    copy = Path(shutil.copytree(site, tmp_path / "site"))
    data = bytearray((copy / "universe" / "sky.bin").read_bytes())
    data[len(data) // 2] ^= 4
    (copy / "universe" / "sky.bin").write_bytes(data)
    code, output = serve(copy)
    assert (code, output.count("\n")) == (1, 1)
    assert re.search(r"universe/sky\.bin: damaged, its SHA-256", output)


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_is_refused(site, port):
    code, output = serve(site, f"--port={port}")
    assert code == 2
    assert "Invalid value for '--port'" in output
