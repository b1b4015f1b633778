"""`make gpu` says in one line what it needs, on a machine that has it not."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device: `make gpu` runs")
def test_it_names_what_is_missing():
    done = subprocess.run([sys.executable, "-m", "tests.bench.gpu"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("make gpu needs a CUDA device")
