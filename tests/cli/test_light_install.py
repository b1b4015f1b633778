"""Without the extra `train` all but training works, and training says in one line what it needs.

torch, gsplat and numba are hidden from a process of its own, as if they were not installed, together with the packages
that only tests and documents use.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HIDE = """
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "gsplat", "triton", "pandas", "matplotlib"}:
            return None
        return self.finder.find_spec(name, path, target)
    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = map(Without, sys.meta_path)
"""

COMMAND = """
from helios.cli import main
main.main(sys.argv[1:])
"""

PYTHON = """
import helios
from helios.errors import BackendError
universe = helios.open("universe")
print(len(universe.stars().to_astropy()), "stars")
for use in (helios.train, lambda u: helios.render(u, helios.Camera.sky(0, 0))):
    try:
        use(universe)
    except BackendError as error:
        print(error)
"""


def helios(*arguments: str, cwd: Path, code: str = COMMAND) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", HIDE + code, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("light")
    built = helios("build", "--synthetic", "100", "--depth", "1", cwd=folder)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.mark.parametrize(
    "command",
    ["validate", "info", "pack --site site", "export -o cells.ply", "generate-landmarks --count 3 -o landmarks.json"],
)
def test_all_but_training_works_without_torch(folder, command):
    done = helios(*command.split(), cwd=folder)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "command", ["train-all", "train-landmarks", "train-all --workers 2", "train-cell --cell x.bin"]
)
def test_training_says_in_one_line_what_it_needs(folder, command):
    done = helios(*command.split(), cwd=folder)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: training and drawing need the package ")
    assert line.endswith("pip install 'helios-planetarium[train]'")


def test_python_says_so_too(folder):
    done = helios(cwd=folder, code=PYTHON)
    assert done.returncode == 0, done.stderr
    stars, *errors = done.stdout.splitlines()
    assert stars == "100 stars"
    assert len(errors) == 2
    assert all(error.endswith("pip install 'helios-planetarium[train]'") for error in errors)
