"""The solver `pycolmap`: COLMAP on the CPU, without its chatter and without chance.

Each stage leaves a file or folder that is whole or not there, so that a killed run goes on with the stage that it was
in; `helios.photos.solvers.stages` has them.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image

from helios.errors import BackendError, InputError
from helios.options import option
from helios.photos.data.lenses import LENSES
from helios.photos.solvers.child import rows_of, run_stage, size_of, whole_database
from helios.photos.solvers.reasons import reasons_of
from helios.photos.solvers.solver import Solved, Task
from helios.progress import Note, OnEvent, Stage

AUTO_LENS = "SIMPLE_RADIAL"
"""The lens of `auto`, whose distortion goes where the photographs do not show it."""

EXHAUSTIVE = 250
"""Up to so many photographs all pairs are compared, else, unless told otherwise, each with those next by name."""

EXIF_IFD = 0x8769
EXIF_CAMERA = (271, 272, 37386, 41989)
"""Tags of EXIF by which one camera is told from another: maker, model, focal length, the same for 35 mm film."""


@dataclass(frozen=True)
class Pycolmap:
    """Options of the solver `pycolmap`."""

    camera_model: str = option("auto", "COLMAP's name of the lens; auto has distortion where photographs show some.")
    max_features: int = option(4096, "Features of a photograph at most.", (100, 100_000))
    masked: bool = option(True, "Only where masks are white; false where the surroundings stood still and help.")
    pairs: str = option("auto", "Which photographs are compared: exhaustive, sequential, or auto by their number.")
    overlap: int = option(20, "With how many of the next by name each is compared, if sequential.", (1, 1000))
    seed: int = option(0, "Seed of all chance.", (0, 2**31 - 1))

    def __post_init__(self):
        for name, choices in (("camera_model", ("auto", *LENSES)), ("pairs", ("auto", "exhaustive", "sequential"))):
            if getattr(self, name) not in choices:
                value = getattr(self, name)
                raise InputError(f"solver pycolmap: {name}={value}: must be one of {', '.join(choices)}")

    def solve(self, task: Task, on_event: OnEvent) -> Solved:
        """Return the models of the photographs, see `Solver`. Raises BackendError where pycolmap is not installed."""
        if find_spec("pycolmap") is None:
            raise BackendError("solver pycolmap: needs the package pycolmap: pip install 'helios-planetarium[photos]'")
        database = self._matches(task, self._features(task, on_event), on_event)
        models = self._models(task, database, on_event)
        solved = json.loads((models / "solved.json").read_text())
        folders = sorted(
            (folder for folder in models.iterdir() if folder.is_dir()), key=lambda folder: int(folder.name)
        )
        reasons = reasons_of(database, task.names, solved["placed"])
        return Solved(tuple(folders), f"pycolmap {version('pycolmap')}", reasons, tuple(solved["notes"]))

    def _features(self, task: Task, on_event: OnEvent) -> Path:
        done = task.work / "features.db"
        if not done.exists():
            on_event(Stage("features", len(task.names), "photographs"))
            with whole_database(done) as database:
                arguments = {
                    "database": str(database),
                    "images": str(task.images),
                    "masks": str(task.masks) if task.masks is not None and self.masked else None,
                    "cameras": cameras_of(task),
                    "lens": AUTO_LENS if self.camera_model == "auto" else self.camera_model,
                    "max_features": self.max_features,
                }
                run_stage("features", arguments, _log(task), on_event, rows_of(database, "keypoints"))
        return done

    def _matches(self, task: Task, features: Path, on_event: OnEvent) -> Path:
        done = task.work / "matches.db"
        if not done.exists():
            count = len(task.names)
            exhaustive = self.pairs == "exhaustive" or (self.pairs == "auto" and count <= EXHAUSTIVE)
            if not exhaustive:
                on_event(
                    Note(f"each photograph is compared with the next {self.overlap:,} by name; pairs=exhaustive: all")
                )
            on_event(Stage("matches", count * (count - 1) // 2 if exhaustive else None, "pairs"))
            with whole_database(done) as database:
                shutil.copyfile(features, database)
                overlap = None if exhaustive else self.overlap
                arguments = {"database": str(database), "overlap": overlap, "seed": self.seed}
                run_stage("matches", arguments, _log(task), on_event, rows_of(database, "two_view_geometries"))
        return done

    def _models(self, task: Task, database: Path, on_event: OnEvent) -> Path:
        done, scratch = task.work / "models", task.work / "mapping"
        if done.exists():
            return done
        on_event(Stage("places", len(task.names), "photographs"))
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        own, output, steps = scratch / "database.db", scratch / "models", scratch / "steps"
        output.mkdir()
        shutil.copyfile(database, own)
        arguments = {
            "database": str(own),
            "images": str(task.images),
            "scratch": str(scratch),
            "output": str(output),
            "steps": str(steps),
            "seed": self.seed,
            "choose_lens": self.camera_model == "auto",
        }
        run_stage("models", arguments, _log(task), on_event, size_of(steps))
        output.rename(done)
        return done


def cameras_of(task: Task) -> list[list[str]]:
    """Return the photographs of each camera: those of one size that say the same of their camera, by first name."""
    cameras: dict[Any, list[str]] = {}
    for name in task.names:
        with Image.open(task.images / name) as image:
            exif = image.getexif()
            tags = dict(exif) | exif.get_ifd(EXIF_IFD)
            key = (image.size, *(str(tags.get(tag)) for tag in EXIF_CAMERA))
        cameras.setdefault(key, []).append(name)
    return list(cameras.values())


def _log(task: Task) -> Path:
    return task.work / "colmap.log"
