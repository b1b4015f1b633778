"""The page of a report as readers see it: from the disk, without a network, on desk and phone, light, dark, printed."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from look import require_tools
from PIL import Image

import helios

ROOT = Path(__file__).parents[2]
READERS = [
    {"name": "desk", "width": 1280, "scheme": "light", "media": "screen"},
    {"name": "desk_dark", "width": 1280, "scheme": "dark", "media": "screen"},
    {"name": "phone", "width": 390, "scheme": "light", "media": "screen"},
    {"name": "phone_dark", "width": 390, "scheme": "dark", "media": "screen"},
    {"name": "paper", "width": 700, "scheme": "dark", "media": "print"},
]


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    chromium, folder = require_tools(), tmp_path_factory.mktemp("report")
    universe = helios.build(ROOT / "tests/data/gaia_200.csv", folder / "universe", leaf_capacity=40, landmarks=[])
    helios.train(universe, levels=False, backend="numba", iterations=8, image_size=32)
    helios.report(universe, folder / "page.html")
    readers = [reader | {"png": str(folder / f"{reader['name']}.png")} for reader in READERS]
    job = {"url": (folder / "page.html").as_uri(), "chromium": chromium, "readers": readers}
    command = ["node", str(Path(__file__).with_name("report_page.mjs"))]
    done = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return {reader["name"]: {**reader, **what} for reader, what in zip(readers, found)}, job["url"]


@pytest.mark.parametrize("name", [reader["name"] for reader in READERS])
def test_it_opens_alone_and_fits(seen, name):
    readers, url = seen
    reader = readers[name]
    assert [address for address in reader["requests"] if not address.startswith("data:")] == [url]
    assert reader["console"] == []
    assert reader["overflow"] <= 0
    assert reader["loaded"]
    # The small print of a newspaper has 6.5 points, 8.7 CSS pixels.
    assert reader["least"] >= 8.5


def test_light_dark_and_paper(seen):
    readers, _ = seen
    for name, reader in readers.items():
        paper, ink = (sum(map(int, re.findall(r"\d+", reader[key])[:3])) for key in ("paper", "ink"))
        assert (paper < ink) == (name in ("desk_dark", "phone_dark")), name
        picture = np.asarray(Image.open(reader["png"]).convert("RGB"))
        corner = picture[2, 2].astype(int).sum()
        assert (corner < 200) == name.endswith("dark"), name
