"""What only some systems have is not needed: the functions that Windows lacks are taken away before Helios is used."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

LACKING = f"""
import os, signal, sys
DATA = {str(ROOT / "tests" / "data")!r}
for module, names in (
    (os, ("sysconf", "sched_getaffinity", "fork", "O_DIRECTORY")),
    (signal, ("pthread_sigmask",)),
):
    for name in names:
        delattr(module, name)
sys.modules["fcntl"] = None

if __name__ == "__main__":
    from helios.cli import main
    for command in (
        f"build --stars {{DATA}}/gaia_200.csv {{DATA}}/gaia_bright_449.csv.gz --limit 60 --depth 1 --workers 2",
        "train-all --iterations 1 --image-size 32 --backend numba",
        "pack --site site",
        "validate universe_trained",
    ):
        main.main(command.split(), standalone_mode=False)
"""


def test_commands_work_without_what_only_posix_has(tmp_path):
    assert all(hasattr(os, name) for name in ("sysconf", "fork"))
    assert hasattr(signal, "pthread_sigmask")
    (tmp_path / "lacking.py").write_text(LACKING)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "lacking.py"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "universe_trained: sound, 60 stars" in done.stdout
