"""`universe.show()` in a real JupyterLab: its cell is run in Chromium, and the sky in the frame is the one asked for.

The Pleiades are at 56.75, +24.12 degrees (Hunt & Reffert 2023), which says where the frame has to look. The kernel's
end has to end the server too.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from look import HERE, ROOT, require_tools

pytestmark = pytest.mark.slow

WITHIN_S = 600
TOKEN = "of-this-test"
CELL = 'import helios\nuniverse = helios.build(output="universe", max_mag=5)\nuniverse.show(goto="Pleiades", fov=20)'
NOTEBOOK = {
    "cells": [{"cell_type": "code", "id": "a", "execution_count": None, "metadata": {}, "outputs": [], "source": CELL}],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
AT_THE_PLEIADES = "Math.hypot(helios.view().look.ra - 56.75, helios.view().look.dec - 24.12) < 2"


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab whose folder holds `sky.ipynb`, with nothing of this user's settings."""
    pytest.importorskip("jupyterlab", reason="needs jupyterlab, of the extra `test`")
    work, own = tmp_path / "work", tmp_path / "own"
    work.mkdir()
    (work / "sky.ipynb").write_text(json.dumps(NOTEBOOK))
    folders = ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    environment = os.environ | {name: str(own / name) for name in folders} | {"PYTHONPATH": str(ROOT)}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = [
        *("--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={TOKEN}"),
        *(f"--ServerApp.root_dir={work}", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
    ]
    with open(tmp_path / "lab.log", "w") as log:
        command = [sys.executable, "-m", "jupyterlab", *options]
        process = subprocess.Popen(command, env=environment, cwd=work, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield f"http://127.0.0.1:{_port(own, process, tmp_path / 'lab.log')}/"
    finally:
        process.terminate()
        process.wait(60)


def _port(own: Path, process: subprocess.Popen, log: Path) -> int:
    """The port that the server says it listens on, once it does."""
    until = time.monotonic() + WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        for path in (own / "JUPYTER_RUNTIME_DIR").glob("jpserver-*.json"):
            if text := path.read_text():
                return json.loads(text)["port"]
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-4000:]}")


def ask(lab: str, path: str, method: str = "GET") -> bytes:
    headers = {"Authorization": f"token {TOKEN}"}
    with urllib.request.urlopen(urllib.request.Request(lab + path, method=method, headers=headers)) as answer:
        return answer.read()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status == 200
    except (OSError, http.client.HTTPException):
        return False


def test_a_cell_shows_the_sky_that_it_asks_for(lab, tmp_path):
    job = {
        "url": f"{lab}lab/tree/sky.ipynb?token={TOKEN}",
        "chromium": require_tools(),
        "png": str(tmp_path / "lab.png"),
        "within": WITHIN_S * 1000,
        "until": AT_THE_PLEIADES,
    }
    command = ["node", str(HERE / "notebook.mjs")]
    done = subprocess.run(command, input=json.dumps(job), text=True, capture_output=True, timeout=2 * WITHIN_S)
    assert done.returncode == 0, done.stderr[-3000:] + (tmp_path / "lab.log").read_text()[-3000:]
    seen = json.loads(done.stdout)
    assert urlsplit(seen["src"]).fragment == "goto=Pleiades&fov=20.0"
    assert seen["problems"] == []
    assert seen["loaded"]["splats"] > 1000
    assert seen["light"] > 0
    assert seen["view"]["fov"] == 20
    assert answers(seen["src"])
    [kernel] = json.loads(ask(lab, "api/kernels"))
    ask(lab, f"api/kernels/{kernel['id']}", "DELETE")
    assert not answers(seen["src"])
