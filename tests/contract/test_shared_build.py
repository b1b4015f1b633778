"""A build on workers, one of them killed in the middle, makes the bytes that one process makes.

A directory of catalogues of different kinds, each a piece of its own, so that every kind of reader goes to a worker.
"""

import gzip
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.cli import main
from helios.progress import Advance, Done, Event, Stage
from helios.schedulers.config import SchedulerConfig
from tests.contract.clusters import ROOT
from tests.contract.test_shared_training import KILLERS, contents

FORMATS = ROOT / "tests/data/formats"
FILES = 8


@pytest.fixture(scope="module")
def survey(tmp_path_factory) -> Path:
    """Made catalogues, some of which share stars, and the real ones of the formats."""
    folder = tmp_path_factory.mktemp("survey") / "stars"
    folder.mkdir()
    for number in range(FILES):
        rng = np.random.default_rng(number)
        columns = [np.arange(500) + 450 * number, rng.uniform(0, 360, 500), rng.uniform(-90, 90, 500)]
        columns += [10.0 ** rng.uniform(-1, 2, 500), rng.uniform(3, 15, 500)]
        header = "source_id,ra,dec,parallax,phot_g_mean_mag\n"
        rows = "\n".join(",".join(f"{value:.17g}" for value in row) for row in zip(*columns))
        (folder / f"{number}.csv.gz").write_bytes(gzip.compress((header + rows + "\n").encode()))
    for file in FORMATS.iterdir():
        if file.name.startswith("gaia_poc"):
            shutil.copy(file, folder)
    return folder


@pytest.fixture(scope="module")
def in_one_process(survey) -> dict[str, bytes]:
    path = survey.with_name("in_one_process")
    build_universe(BuildConfig(stars=(survey,), leaf_capacity=100), path)
    return contents(path)


@pytest.mark.parametrize("kind", ["local", "dask_address", pytest.param("slurm_name", marks=pytest.mark.slow)])
def test_a_worker_killed_in_the_middle_changes_nothing(kind, request, survey, in_one_process, tmp_path):
    name = kind if kind == "local" else request.getfixturevalue(kind)
    events, killed = [], []

    def on_event(event: Event) -> None:
        events.append(event)
        if isinstance(event, Advance) and event.done == 1 and not killed:
            killed.append(True)
            KILLERS[kind](name)

    config = BuildConfig(stars=(survey,), leaf_capacity=100)
    report = build_universe(config, tmp_path / "out", None, SchedulerConfig(name, 2), on_event)
    pieces = len(list(survey.iterdir()))
    assert killed
    assert events[0] == Stage("reading", pieces)
    stages = [event.name for event in events if isinstance(event, Stage)]
    levels = ["finding bright stars", "making levels", "measuring levels"]
    assert stages == ["reading", "finding duplicates", "writing", *levels]
    assert all(event.values["rows/s"] > 0 for event in events[1:pieces])
    assert events[-1] == Done(report)
    assert report.counts.by_reason()["duplicate source_id"] >= 50 * (FILES - 1)
    assert contents(tmp_path / "out") == in_one_process
    assert [file.name for file in tmp_path.iterdir()] == ["out"]


def test_the_command_takes_a_scheduler(survey, in_one_process, dask_address, tmp_path, monkeypatch):
    """Relative paths too: workers have another working directory."""
    monkeypatch.chdir(survey.parent)
    output = Path(os.path.relpath(tmp_path / "out"))
    arguments = ("build", "--stars", survey.name, "--leaf-capacity", "100", "--scheduler", dask_address)
    result = CliRunner().invoke(main, [*arguments, "-o", str(output)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    made = contents(tmp_path / "out")
    made.pop("landmarks.json")
    expected = dict(in_one_process)
    manifests = [json.loads(files.pop("index.json")) for files in (made, expected)]
    assert [manifest.pop("landmarks")["sha256"] is None for manifest in manifests] == [False, True]
    assert manifests[0] == manifests[1]
    assert made == expected


def test_a_bad_file_is_told_as_in_one_process(survey, dask_address, tmp_path):
    folder = tmp_path / "stars"
    shutil.copytree(survey, folder)
    (folder / "3.csv.gz").write_bytes(gzip.compress(b"source_id,ra,dec,parallax,phot_g_mean_mag\n1,2,three,4,5\n"))
    arguments = ("build", "--stars", str(folder), "--scheduler", dask_address, "-o", str(tmp_path / "out"))
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 1
    assert "3.csv.gz line 2: dec 'three': must be a number" in result.output
    assert result.output.count("\n") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["stars"]
    skipped = CliRunner().invoke(main, [*arguments, "--skip-bad-files"], catch_exceptions=False)
    assert skipped.exit_code == 0, skipped.output
    assert f"skipped   1 of {len(list(folder.iterdir()))} files" in skipped.output
