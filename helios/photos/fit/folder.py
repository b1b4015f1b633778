"""The folder of a result while a training writes to it: for whom it is, and what may be removed of it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from helios.errors import InputError
from helios.files import lock_path, locked, read_json, staging_path, write_file, writing
from helios.photos.data.dataset import Dataset
from helios.photos.results import Result, keep

PARTS = ("ckpts", "renders", "stats", "ply", "tb", "cfg.json")
"""What a training makes in the folder of its result."""

GOES_ON = "the same command goes on from its last checkpoint"


@contextlib.contextmanager
def held(result: Result) -> Iterator[None]:
    """Hold the folder, which is made, against other processes. Raises InputError where one trains there already."""
    with writing(result.folder, "name another output"):
        result.folder.mkdir(parents=True, exist_ok=True)
    with locked(result.folder / "train", f"{result.folder}: another process is training there"):
        yield


def claim(result: Result, config: Mapping[str, Any], overwrite: bool) -> str:
    """Make the folder that of a training with `config`, and return what identifies this: 64 hex digits.

    With `overwrite` what a training made there before is removed. Raises InputError where there is another's content,
    or what was trained with another option, which is named.
    """
    text = json.dumps(config, indent=2) + "\n"
    folder = result.folder
    if result.config.exists():
        before = read_json(result.config, "name another output, or add --overwrite") if not overwrite else {}
        difference = None if overwrite else _difference(before, json.loads(text))
        if difference:
            raise InputError(f"{folder}: {difference}; name another output, or add --overwrite to begin anew")
    elif any(path.name not in (lock_path(folder / "train").name,) for path in folder.iterdir()):
        raise InputError(f"{folder}: holds other files and no cfg.json, left as it is; name another output")
    with writing(result.config, "name another output"):
        if overwrite:
            # cfg.json last: with it gone, nobody knows whose the rest is.
            for part in PARTS[:-1]:
                shutil.rmtree(folder / part, ignore_errors=False) if (folder / part).is_dir() else None
            result.config.unlink(missing_ok=True)
        if not result.config.exists():
            write_file(result.config, text.encode())
    return hashlib.sha256(text.encode()).hexdigest()


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """Say what differs between two contents of cfg.json, in words; None where nothing does."""
    old, new = before.get("options", {}), now["options"]
    for name in (*new, *(name for name in old if name not in new)):
        if old.get(name) != new.get(name):
            asked = f"--{name.replace('_', '-')} {_shown(new.get(name))}"
            return f"trained with {_shown(old.get(name))} for what is now {asked}"
    for name, words in (("data", "the data in"), ("backend", "the backend"), ("photographs", "the photographs")):
        if before.get(name) != now[name]:
            return f"trained with {words} {_shown(before.get(name))}, now {_shown(now[name])}"
    return None


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return " ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)


def fingerprint(data: Dataset) -> str:
    """Return 16 hex digits that name the photographs of a data set, their cameras, and its points."""
    digest = hashlib.sha256()
    for photographs in (data.train, data.test):
        for one in photographs:
            digest.update(f"{one.name} {one.width} {one.height} {one.camera_id}\n".encode())
            digest.update(np.ascontiguousarray(one.viewmat).tobytes() + np.ascontiguousarray(one.K).tobytes())
        digest.update(b"--")
    digest.update(np.ascontiguousarray(data.points).tobytes() + np.ascontiguousarray(data.colors).tobytes())
    return f"{len(data.train)}+{len(data.test)} {digest.hexdigest()[:16]}"


def write_splats(result: Result, step: int, splats: Mapping[str, Tensor], motions: Tensor | None) -> None:
    """Write ckpts/ckpt_STEP.pt: {"step", "splats"} as gsplat's trainer, and the cameras' motions as "pose_adjust"."""
    stored: dict[str, Any] = {"step": step, "splats": {name: column.cpu() for name, column in splats.items()}}
    if motions is not None:
        stored["pose_adjust"] = {"embeds.weight": motions.cpu()}
    content = io.BytesIO()
    torch.save(stored, content)
    keep(result.checkpoint(step), content.getvalue(), GOES_ON)


def forget_unfinished(result: Result) -> None:
    """Remove the state of a run that has ended, and what a killed one left of it."""
    path = result.unfinished
    for each in (path, staging_path(path), lock_path(path)):
        each.unlink(missing_ok=True)
