"""What workers do not need: the script that asks for them, which has no guard against being run by them again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = """
from helios.schedulers import open_scheduler
from tests.contract import work

print("began")
with open_scheduler("local", 2) as scheduler:
    print(sorted(scheduler.run(work.square, range(4))))
"""


@pytest.mark.parametrize("first", ["", "import torch"], ids=["forked", "spawned"])
def test_a_script_without_a_guard_runs_once(tmp_path, first):
    script = tmp_path / "script.py"
    script.write_text(first + SCRIPT)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stdout) == (0, "began\n[(0, 0), (1, 1), (2, 4), (3, 9)]\n"), ended.stderr
