"""The viewer's reader finds at 1,000 dates the places and velocities that Python finds in the same file."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from helios.catalogs_path import embedded
from helios.solar.ephemerides import load_ephemeris
from helios.solar.ephemeris import BODIES

READER = Path(__file__).with_name("read_ephemeris.mts")
CLIENT = Path(__file__).parents[2] / "client_export"
LIMIT_AU = 1e-9
"""Of this the sums of float64, in another order, are the hundred-thousandth."""


@pytest.mark.skipif(
    shutil.which("node") is None or not (CLIENT / "node_modules" / "tsx").exists(),
    reason="TypeScript runs in Node with client_export/node_modules: npm ci",
)
def test_both_find_the_same(tmp_path):
    ephemeris = load_ephemeris()
    dates = np.random.default_rng(1000).uniform(*ephemeris.jd_tdb, 1000)
    listed = tmp_path / "dates.json"
    listed.write_text(json.dumps(dates.tolist()))
    command = ["node", "--import", "tsx", READER, embedded("ephemeris.bin.gz"), listed]
    done = subprocess.run([str(part) for part in command], cwd=CLIENT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    found = np.array(json.loads(done.stdout))
    assert found.shape == (len(BODIES), 4, 1000, 3)
    for body, states in zip(BODIES, found):
        expected = [
            ephemeris.barycentric_au(body, dates),
            ephemeris.heliocentric_au(body, dates),
            ephemeris.barycentric_au_per_day(body, dates),
            ephemeris.heliocentric_au_per_day(body, dates),
        ]
        apart = np.abs(states - np.array(expected)).max()
        assert apart < LIMIT_AU, body
