"""Where numba keeps what it compiles: a temporary folder where there is no other place to write to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba")
ROOT = Path(__file__).parents[2]

COMPILE = """
import os, shutil, sys
from pathlib import Path
import helios.simd.jit as jit
from numba import njit
from numba.core import config
own = Path(jit.__file__).parent / "__pycache__"
real = jit._may_write
jit._may_write = lambda folder: folder != own and real(folder)
os.environ["HOME"] = os.environ["XDG_CACHE_HOME"] = "/proc/none"
jit._find_cache()
assert config.CACHE_DIR and Path(config.CACHE_DIR).is_dir(), config.CACHE_DIR
shutil.rmtree(config.CACHE_DIR)
"""


def test_it_is_a_temporary_folder_where_nothing_else_can_be_written(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run([sys.executable, "-c", COMPILE], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
