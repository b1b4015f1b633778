"""`helios pack` of a universe that is packed by several processes, which start before the command has read it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from helios.packing.pack import pack_universe
from tests.unit.packing.v2.pack_scene import make_universe

ROOT = Path(__file__).parents[2]
COMMAND = """
import sys
import helios.packing, helios.schedulers.local
helios.packing.SMALL, began = 1, []
start = helios.schedulers.local._start_forkserver
def told(*arguments):
    began.append("zarr" in sys.modules)
    start(*arguments)
helios.schedulers.local._start_forkserver = told
helios.schedulers.local.usable_cores = lambda: 2
from helios.cli import main
main.main(sys.argv[1:], standalone_mode=False)
print("zarr was there:", began)
"""


@pytest.fixture(scope="module")
def universe(tmp_path_factory):
    return make_universe(tmp_path_factory.mktemp("ahead") / "universe")


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def packed(universe, output):
    arguments = (sys.executable, "-c", COMMAND, "pack", "--universe", universe.path, "-o", output)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()[-1]


def test_what_workers_are_forked_from_starts_before_this_process_has_what_it_needs(universe, tmp_path):
    pack_universe(universe, tmp_path / "alone")
    assert packed(universe, tmp_path / "shared") == "zarr was there: [False, True]"
    assert files(tmp_path / "shared") == files(tmp_path / "alone")


@pytest.mark.parametrize("totals", [[7], {"stars": "7"}, {}, None])
def test_a_manifest_without_a_number_of_stars_only_has_them_start_later(universe, tmp_path, totals):
    index = Path(universe.path) / "index.json"
    text = index.read_text()
    index.write_text(json.dumps(json.loads(text) | {"totals": totals}))
    try:
        assert packed(universe, tmp_path / "pack") == "zarr was there: [True]"
    finally:
        index.write_text(text)
