"""A part of each sweep of `make sweeps`, which runs them whole: kills, damage and hostile inputs."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "sweep",
    [
        ("crashes", "export", "export over another", "landmarks", "pack", "pack v1"),
        ("crashes", "--every", "23", "build, 2 workers", "train in place"),
        ("damage", "0.1"),
        ("hostile", "packs", "texts"),
    ],
    ids=" ".join,
)
def test_a_part_of_it_finds_nothing(sweep):
    pytest.importorskip("torch")
    name, *arguments = sweep
    command = [sys.executable, "-m", f"tests.sweeps.{name}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
