"""A build that is ended at any moment leaves the old universe, and the same command goes on from what was done.

Real processes, ended by a hook before a certain file is there; a limit on the size of files stands for a full disk.
"""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow

FILES, ROWS = 12, 3000
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}


@pytest.fixture(scope="module")
def stars(tmp_path_factory) -> Path:
    """A folder of catalogues of stars with uniform places."""
    folder = tmp_path_factory.mktemp("catalogues")
    for number in range(FILES):
        rng = np.random.default_rng(number)
        rows = np.column_stack(
            [
                np.arange(ROWS) + number * ROWS,
                rng.uniform(0, 360, ROWS),
                rng.uniform(-90, 90, ROWS),
                10.0 ** rng.uniform(-1, 2, ROWS),
                rng.uniform(3, 15, ROWS),
            ]
        )
        header = "source_id,ra,dec,parallax,phot_g_mean_mag"
        np.savetxt(folder / f"{number:02d}.csv", rows, "%.17g", ",", header=header, comments="")
    return folder


def command(stars: Path, output: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "helios", "build", "--stars", str(stars), "-o", str(output), *options]


def run(stars: Path, output: Path, *options: str, **how) -> subprocess.CompletedProcess:
    return subprocess.run(command(stars, output, *options), env=ENVIRONMENT, capture_output=True, text=True, **how)


def contents(folder: Path) -> dict[Path, bytes]:
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def undisturbed(stars, tmp_path_factory) -> dict[Path, bytes]:
    output = tmp_path_factory.mktemp("undisturbed") / "universe"
    done = run(stars, output)
    assert done.returncode == 0, done.stderr
    assert not list(output.parent.glob(".*"))
    return contents(output)


SIGNALLED = """
import os, sys

place, number, how = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
seen = 0

def hook(event, arguments):
    global seen
    if event == "os.rename" and place in str(arguments[1]):
        seen += 1
        if seen == number:
            os.kill(os.getpid(), how)

sys.addaudithook(hook)

from helios.cli import main
main(sys.argv[4:], prog_name="helios")
"""


def signalled(stars: Path, output: Path, kept: int, how: int, *options: str) -> subprocess.Popen:
    """Start a build that sends itself the signal `how` when it is about to keep one more than `kept` of its pieces."""
    words = ["build", "--stars", str(stars), "-o", str(output), *options]
    code = [sys.executable, "-c", SIGNALLED, "/reading-", str(kept + 1), str(int(how)), *words]
    return subprocess.Popen(code, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_a_build_that_was_killed_goes_on(stars, undisturbed, tmp_path, workers, how):
    output = tmp_path / "universe"
    output.mkdir()
    assert signalled(stars, output, 2, how, "--workers", workers).wait() != 0
    assert list(output.iterdir()) == []
    assert len(list(tmp_path.glob(".universe.build/*/reading-*.json"))) == 2
    assert list(tmp_path.glob(".universe.build/*/*.run"))
    done = run(stars, output, "--workers", workers)
    assert done.returncode == 0, done.stderr
    assert contents(output) == undisturbed
    assert [file.name for file in tmp_path.iterdir()] == ["universe"]


def test_two_workers_make_the_same_bytes(stars, undisturbed, tmp_path):
    done = run(stars, tmp_path / "universe", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "universe") == undisturbed


def test_what_was_done_for_another_universe_is_not_used(stars, tmp_path):
    output = tmp_path / "universe"
    assert signalled(stars, output, 2, signal.SIGKILL).wait() == -signal.SIGKILL
    assert run(stars, output, "--max-mag", "5").returncode == 0
    provenance = json.loads((output / "universe.zarr/zarr.json").read_text())["attributes"]["provenance"]
    assert provenance["rejected"]["fainter than --max-mag"] > FILES * ROWS // 2


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_full_disk_is_told_and_leaves_the_old_universe(stars, tmp_path, workers):
    output = tmp_path / "universe"
    assert run(stars / "00.csv", output).returncode == 0
    before = contents(output)
    limit = 40_000  # less than a run of 3,000 stars takes

    done = run(
        stars,
        output,
        "--workers",
        workers,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert "File too large" in done.stderr
    assert contents(output) == before
    assert [file.name for file in tmp_path.iterdir()] == ["universe"]


def test_two_builds_at_once_are_refused(stars, tmp_path):
    output = tmp_path / "universe"
    process = signalled(stars, output, 0, signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    done = run(stars, output)
    process.send_signal(signal.SIGCONT)
    assert process.wait() == 0
    assert done.returncode == 1
    assert "another process is replacing it" in done.stderr
