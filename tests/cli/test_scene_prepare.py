"""`helios scene prepare` as a process: what it says, and that one that was ended early is gone on with, same bytes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from helios.cli import main
from tests.support.noise_ball import write_ball

pytest.importorskip("pycolmap")
psutil = pytest.importorskip("psutil")

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120


def contents(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def ball(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ball")
    write_ball(folder / "images", 6, masks=folder / "shapes")
    arguments = [
        "scene",
        "prepare",
        str(folder / "images"),
        "-o",
        str(folder / "data"),
        "--masks",
        str(folder / "shapes"),
    ]
    return folder, arguments


@pytest.fixture(scope="module")
def made(ball):
    """What the command says, and what it makes, when nobody disturbs it."""
    folder, arguments = ball
    command = [sys.executable, "-m", "helios", *arguments]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), "COLMAP's chatter does not come through"
    return done.stdout.splitlines(), contents(folder / "data")


def test_what_it_says(ball, made):
    folder, arguments = ball
    lines, files = made
    assert lines[0].startswith("6 of 6 photographs placed by pycolmap ")
    assert lines[1].endswith(" px from where they are seen, in the mean")
    assert lines[2].startswith("the lens is taken as ideal, no distortion shows: focal length 2")
    assert lines[3:] == ["6 photographs have a mask", f"wrote {folder / 'data'}"]
    assert {"prepared.json", "images/00.png", "masks/00.png.png", "sparse/0/points3D.bin"} <= files.keys()
    again = CliRunner().invoke(main, arguments)
    assert (again.exit_code, again.output.splitlines()) == (0, [*lines[:-1], f"{folder / 'data'}: is there already"])
    other = CliRunner().invoke(main, [*arguments, "--solver", "pycolmap:seed=1"])
    assert other.exit_code == 1
    assert other.output.startswith(f"Error: {folder / 'data'}: a data set of other photographs or options stands there")
    wrong = CliRunner().invoke(main, [*arguments, "--solver", "pycolmap", "--command", "x"])
    assert wrong.output == "Error: --command: is for the solver command, not for pycolmap\n"
    assert contents(folder / "data") == files


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_what_ended_early_is_gone_on_with(ball, made, tmp_path, how):
    """It is ended in each of its stages in turn, as soon as the stage's file is there; its children end with it."""
    _, arguments = ball
    data, work = tmp_path / "data", tmp_path / ".data.new" / "solver"
    arguments = [str(data) if earlier == "-o" else word for earlier, word in zip(["", *arguments], arguments)]
    for file in ("features.db.new", "matches.db.new", "mapping/database.db"):
        process = subprocess.Popen(
            [sys.executable, "-m", "helios", *arguments],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        give_up = time.monotonic() + PATIENCE_S
        while not (work / file).exists() and time.monotonic() < give_up:
            time.sleep(0.01)
        children = psutil.Process(process.pid).children()
        process.send_signal(how)
        said = process.communicate()[0]
        if how == signal.SIGINT:
            assert (process.returncode, said) == (130, "stopped: the same command goes on with the stage it was in\n")
        assert psutil.wait_procs(children, timeout=PATIENCE_S)[1] == []
        assert not data.exists()
    assert (work / "features.db").exists()
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert contents(data) == made[1]
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
