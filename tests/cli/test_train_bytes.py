"""The first run of an installation compiles its kernels, every later one loads them: both train to the same bytes.

Processes with a cache of their own, empty at first. 300 stars and as many steps: a last digit
that differs in one image would have grown by then.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_run_that_compiles_and_one_that_does_not(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def helios(*arguments):
        command = [sys.executable, "-m", "helios", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr

    helios("build", "--synthetic", 300, "--depth", 0, "-o", tmp_path / "universe")
    settings = ("--iterations", 300, "--image-size", 64, "--backend", "numba")
    trained = []
    for name in ("compiling", "loading"):
        helios("train-all", "--input", tmp_path / "universe", "--output", tmp_path / name, *settings)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        trained.append({str(path.relative_to(tmp_path / name)): path.read_bytes() for path in files})
    assert trained[0] == trained[1]
