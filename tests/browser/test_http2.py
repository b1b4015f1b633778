"""A site served by HTTP/2 over TLS shows the same sky as by HTTP/1.1, and all of it comes by HTTP/2.

Headers of HTTP/2 are in small letters, answers have no reason phrases and need no lengths: the server sends none.
"""

import json
import os
import shutil
import subprocess
from contextlib import contextmanager

import numpy as np
import pytest
from look import HERE, View, look_at, look_at_site

pytestmark = pytest.mark.slow

PROTOCOLS = """[
  ...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource"),
].map(({ name, nextHopProtocol }) => [new URL(name).pathname, nextHopProtocol])"""
BOX = (440, 200, 400, 400)
TOLD = "document.querySelector('#panel:not([hidden])')?.getAttribute('aria-busy') === 'false'"


@contextmanager
def http2(folder, secrets):
    """Serve `folder`; give its address and the list of requests, each {path, range, version}, filled at the end."""
    if shutil.which("openssl") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("a certificate needs openssl")
    secrets.mkdir()
    key, certificate = str(secrets / "key.pem"), str(secrets / "certificate.pem")
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made += ["-subj", "/CN=localhost", "-days", "2", "-keyout", key, "-out", certificate]
    subprocess.run(made, check=True, capture_output=True)
    command = ["node", str(HERE / "http2_server.mjs"), str(folder), key, certificate]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    requests = []
    try:
        port = int(server.stdout.readline())
        yield f"https://127.0.0.1:{port}/", requests
    finally:
        said, _ = server.communicate()  # ends its standard input, and so the server
        requests.extend(map(json.loads, said.splitlines()))


@pytest.fixture(scope="module")
def visits(site, tmp_path_factory):
    folder = tmp_path_factory.mktemp("visits")
    views = [
        View("pos=0,0,0&look=84.05339,-1.20192&fov=20&ev=0", light=BOX),
        View(
            steps=[{"click": [640, 400]}, {"until": TOLD}, {"evaluate": "document.getElementById('panel').innerText"}]
        ),
        View("pos=2e17,1e17,-3e17&look=56.75,24.1&fov=40&ev=0", light=BOX, steps=[{"evaluate": PROTOCOLS}]),
    ]
    first = look_at_site(site, views, folder / "one")
    with http2(site, folder / "secrets") as (url, requests):
        second = look_at(url, views, folder / "two", ownCertificate=True)
    return first, second, requests


def test_all_comes_by_http2(visits):
    first, second, requests = visits
    assert {protocol for _, protocol in first.views[2].script} == {"http/1.1"}
    protocols = dict(second.views[2].script)
    assert set(protocols.values()) == {"h2"}
    assert any(path.endswith(".bin") for path in protocols)
    assert {request["version"] for request in requests} == {"2.0"}
    assert any(request["range"] for request in requests)


def test_the_sky_is_the_same(visits):
    first, second, _ = visits
    assert second.problems == []
    assert second.console == []
    for one, two in zip(first.views, second.views, strict=True):
        assert one.loaded == two.loaded
        assert one.labels == two.labels
    for at in (0, 2):
        # Tiles come in another order, and so do sums of floats.
        np.testing.assert_allclose(second.views[at].light, first.views[at].light, rtol=1e-4, atol=1e-6)
        assert first.views[at].light.max() > 0.1
    assert np.abs(first.views[2].pixels().astype(int) - second.views[2].pixels()).max() <= 1


def test_what_a_star_is_comes_by_ranges_alike(visits):
    first, second, _ = visits
    assert first.views[1].script.startswith("Alnilam")
    assert first.views[1].script == second.views[1].script
