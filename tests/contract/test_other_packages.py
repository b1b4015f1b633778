"""Another package brings readers, backends, strategies and exporters of its own: it is installed, and they work.

The package `helios_toys` beside this file is made a wheel, and pip installs it into a folder. With that folder on the
path its names stand in the help beside Helios's own, and the commands use it; without, they are refused.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.universe import Universe

pytestmark = pytest.mark.slow

TOYS = Path(__file__).with_name("helios_toys")
ROOT = Path(__file__).parents[2]
ENTRY_POINTS = """[helios.readers]
.toy = helios_toys.reader:ToyReader

[helios.backends]
toy = helios_toys.backend:ToyBackend

[helios.strategies]
freeze = helios_toys.strategy:Freeze

[helios.exporters]
counts = helios_toys.exporter:Counts
"""
STARS = """11 10.5 20.25 50.0 3.5
12 10.6 20.35 51.0 4.5
13 200.0 -40.0 100.0 1.25
"""


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    """The folder where the package is installed."""
    folder = tmp_path_factory.mktemp("toys")
    wheel = folder / "helios_toys-1.0-py3-none-any.whl"
    info = "helios_toys-1.0.dist-info"
    files = {f"helios_toys/{path.name}": path.read_text() for path in sorted(TOYS.glob("*.py"))}
    files[f"{info}/METADATA"] = "Metadata-Version: 2.1\nName: helios-toys\nVersion: 1.0\n"
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/entry_points.txt"] = ENTRY_POINTS
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    command = (
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--target",
        folder / "site",
    )
    subprocess.run([*command, wheel], check=True)
    return folder / "site"


def helios(*arguments, cwd, site=None) -> subprocess.CompletedProcess:
    path = os.pathsep.join(map(str, filter(None, (ROOT, site))))
    command = [sys.executable, "-m", "helios", *arguments]
    return subprocess.run(command, cwd=cwd, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)


def test_what_a_package_brings_works_like_what_helios_has(toys, tmp_path):
    (tmp_path / "three.toy").write_text(STARS)
    done = helios("build", "--stars", "three.toy", "--depth", "0", cwd=tmp_path, site=toys)
    assert done.returncode == 0, done.stderr
    universe = Universe.open(tmp_path / "universe")
    assert sorted(universe.columns(("source_id",), 0, 3)["source_id"].tolist()) == [11, 12, 13]

    done = helios("export", "--format", "counts:separator=:", "-o", "counts.txt", cwd=tmp_path, site=toys)
    assert done.returncode == 0, done.stderr
    cells = dict(line.split(":") for line in (tmp_path / "counts.txt").read_text().splitlines())
    assert sum(map(int, cells.values())) == 3
    assert [int(n) for n in cells.values()] == np.diff(universe.offsets).tolist()


def test_a_backend_and_a_strategy_with_an_option_train(toys, tmp_path):
    build_universe(BuildConfig(synthetic=20, depth=0), tmp_path / "universe")
    small = (
        "--iterations",
        "3",
        "--image-size",
        "16",
        "--views-per-iter",
        "1",
        "--backend",
        "toy",
        "--start",
        "random",
    )
    trained = {}
    for first in (0, 1000):
        output = f"trained_{first}"
        options = (*small, "--strategy", f"freeze:first={first}", "--output", output)
        done = helios("train-all", *options, cwd=tmp_path, site=toys)
        assert done.returncode == 0, done.stderr
        assert "backend toy" in done.stdout
        trained[first] = Universe.open(tmp_path / output)
    outcomes = {first: {u.training.result(i).outcome for i in range(len(u))} for first, u in trained.items()}
    assert "trained" in outcomes[0]
    assert "trained" not in outcomes[1000]


def test_names_stand_in_the_help_and_options_keep_their_limits(toys, tmp_path):
    text = helios("train-all", "--help", cwd=tmp_path, site=toys).stdout
    assert "freeze" in text
    assert "toy" in text
    assert "counts" in helios("export", "--help", cwd=tmp_path, site=toys).stdout
    assert ".toy" in helios("build", "--help", cwd=tmp_path, site=toys).stdout
    build_universe(BuildConfig(synthetic=20), tmp_path / "universe")
    done = helios("train-all", "--strategy", "freeze:first=-1", cwd=tmp_path, site=toys)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("density strategy freeze: first -1: must be from 0 to 1000")


def test_without_the_package_its_names_are_unknown(tmp_path):
    build_universe(BuildConfig(synthetic=20), tmp_path / "universe")
    done = helios("train-all", "--strategy", "freeze", cwd=tmp_path)
    assert done.returncode == 1
    assert "unknown density strategy 'freeze' (choose from fixed, default, mcmc, spectral, pursuit)" in done.stderr
