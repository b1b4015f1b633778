"""Makes a data set of a folder of photographs: a solver finds their places, the largest of its models is taken."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from helios.errors import InputError
from helios.files import locked, read_json, staging_path, sync, sync_folder
from helios.photos.data.dataset import load_dataset
from helios.photos.data.model import PARTS, Model, read_model
from helios.photos.data.options import DataOptions
from helios.photos.data.pictures import SUFFIXES
from helios.photos.solvers.inputs import copy_photographs, digest_of, find_masks, find_photographs
from helios.photos.solvers.solver import Solver, Task
from helios.progress import Note, OnEvent, ignore
from helios.work_folders import own_folder, remove_folder

RECORD = "prepared.json"
VERSION = 1


@dataclass(frozen=True)
class Prepared:
    """What became of the photographs; saved with the data set as prepared.json."""

    made_by: str
    photographs: int
    registered: int
    points: int
    reprojection_error_px: float | None  # mean over points, None where the solver does not tell
    models: tuple[int, ...]  # photographs in each model, the one taken first
    left_out: Mapping[str, str]  # by name, why
    masks: int
    notes: tuple[str, ...]
    digest: str = field(repr=False)  # of photographs, masks, solver and its options


def prepare(
    images: Path, output: Path, solver: Solver, masks: Path | None = None, on_event: OnEvent = ignore
) -> tuple[Prepared, bool]:
    """Make the data set `output` of the photographs in `images`; return what became of them, and whether it was there.

    `masks` has masks of some of the photographs, 0 where a pixel must not be used; None takes the folder masks beside
    `images` where there is one. Photographs are copied. The folder appears whole or not at all: what is made lies in
    `.NAME.new` beside it until then, where the next call with the same photographs and options goes on. Raises
    InputError for fewer than 3 photographs, for one that cannot be read, where the solver fails or places none, and
    where something else is in `output`.
    """
    names, others = find_photographs(images)
    found = find_masks(images, names, masks)
    if others:
        on_event(Note(f"{others:,} files in {images} are no photographs ({', '.join(SUFFIXES)}) and left out"))
    digest = digest_of(images, names, found, repr(solver))
    former = read_prepared(output)
    if former is not None and former.digest == digest:
        return former, True
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        made = "a data set of other photographs or options" if former is not None else "something else"
        raise InputError(f"{output}: {made} stands there, left as it is; name another output, or remove it")
    output = output.resolve()
    output.parent.mkdir(parents=True, exist_ok=True)
    work = staging_path(output)
    with locked(output, f"{output}: another process is preparing it; try again when it has ended"):
        own_folder(work, text=digest)
        data = work / "data"
        shutil.rmtree(data, ignore_errors=True)
        copy_photographs(images, names, found, data)
        (work / "solver").mkdir(exist_ok=True)
        solved = solver.solve(
            Task(data / "images", names, data / "masks" if found else None, work / "solver"), on_event
        )
        models = sorted(map(read_model, solved.models), key=lambda model: -len(model.views))
        _check(images, names, models)
        prepared = Prepared(
            solved.made_by,
            len(names),
            len(models[0].views),
            len(models[0].points),
            _mean_error(models[0]),
            tuple(len(model.views) for model in models),
            left_out(names, models, solved.reasons),
            len(found),
            solved.notes,
            digest,
        )
        copy_model(models[0].folder, data / "sparse/0")
        load_dataset(data, DataOptions(test_every=0, normalize_world_space=False))  # refuses what does not fit together
        record = {"version": VERSION} | asdict(prepared)
        (data / RECORD).write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        for file in data.rglob("*"):
            if file.is_file():
                sync(file)
        data.rename(output)
        sync_folder(output.parent)
        remove_folder(work)
    return prepared, False


def read_prepared(folder: Path) -> Prepared | None:
    """Return what became of the photographs of the data set `folder`; None where `prepare` did not make it.

    Raises StoreError where the record is damaged.
    """
    if not (folder / RECORD).is_file():
        return None
    record = read_json(folder / RECORD, "remove the folder and prepare it again")
    if record.get("version") != VERSION or not {part.name for part in fields(Prepared)} <= record.keys():
        return None
    lists = {"models": tuple(record["models"]), "notes": tuple(record["notes"])}
    return Prepared(**({part.name: record[part.name] for part in fields(Prepared)} | lists))


def left_out(names: tuple[str, ...], models: list[Model], reasons: Mapping[str, str]) -> dict[str, str]:
    """Return in words why each of `names` that is not in the first of `models` is not, by name."""
    placed = [{view.name for view in model.views} for model in models]
    out = {}
    for name in names:
        if name in placed[0]:
            continue
        other = next((number for number, part in enumerate(placed[1:], start=2) if name in part), None)
        if other is None:
            out[name] = reasons.get(name, "the solver gives it no place")
        else:
            out[name] = f"in model {other} of {len(models)}, with {len(placed[other - 1]):,} photographs"
    return out


def copy_model(model: Path, place: Path) -> None:
    """Copy the files of a COLMAP model, and of its rigs where it has some."""
    place.mkdir(parents=True)
    for file in sorted(model.iterdir()):
        if file.stem in (*PARTS, "rigs", "frames") and file.suffix in (".bin", ".txt"):
            shutil.copyfile(file, place / file.name)


def _check(images: Path, names: tuple[str, ...], models: list[Model]) -> None:
    if not models:
        raise InputError(
            f"{images}: no two of the {len(names):,} photographs fit together; take more of them, with more overlap, "
            "of a thing with details"
        )
    known = set(names)
    for view in models[0].views:
        if view.name not in known:
            raise InputError(f"{models[0].folder}: the solver placed {view.name}, which is not in {images}")


def _mean_error(model: Model) -> float | None:
    known = model.errors[model.errors >= 0]
    return round(float(known.mean(dtype=float)), 4) if len(known) else None
