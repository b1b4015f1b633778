"""Landmark files: a JSON list, in the same form as the pack's `landmarks.json`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from helios.catalogs_path import embedded
from helios.errors import InputError
from helios.files import write_file
from helios.landmarks.landmark import Landmark

EMBEDDED = "landmarks.json"

_TEXTS = ("id", "name", "kind", "source", "description")
_FIELDS = (*_TEXTS, "pos_meters", "radius_hint")


def load_landmarks(path: Path | str | None = None) -> list[Landmark]:
    """Return the landmarks of the file `path`, in order; those of the embedded list where `path` is None.

    Fields other than those of a landmark are ignored. Raises InputError, naming file, entry, field and value, for a
    missing file, content that is not a JSON list of landmarks, a number that is not finite, a radius that is not above
    0, and a duplicate id.
    """
    path = embedded(EMBEDDED) if path is None else Path(path)
    try:
        entries = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file, must be a JSON list of landmarks") from error
    except IsADirectoryError as error:
        raise InputError(f"{path}: is a directory, must be a JSON list of landmarks") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: no JSON ({error}), must be a JSON list of landmarks") from error
    if not isinstance(entries, list):
        raise InputError(f"{path}: holds {_json_type(entries)}, must be a JSON list of landmarks")
    landmarks: list[Landmark] = []
    first_with: dict[str, int] = {}
    for index, entry in enumerate(entries):
        landmark = _landmark(f"{path} entry {index}", entry)
        if landmark.id in first_with:
            raise InputError(
                f"{path} entry {index}: id {landmark.id!r} is that of entry {first_with[landmark.id]} too, "
                "must be unique (rename one of them)"
            )
        first_with[landmark.id] = index
        landmarks.append(landmark)
    return landmarks


def write_landmarks(path: Path, landmarks: Iterable[Landmark]) -> None:
    """Write `landmarks` to the file `path`, in order; the same landmarks give the same bytes.

    An existing file is replaced whole or not at all. Raises OSError where writing fails.
    """
    write_file(path, _to_json(landmarks).encode())


def _to_json(landmarks: Iterable[Landmark]) -> str:
    return landmarks_text(
        {
            "id": landmark.id,
            "name": landmark.name,
            "kind": landmark.kind,
            "pos_meters": dict(zip("xyz", landmark.pos_m)),
            "radius_hint": landmark.radius_hint_m,
            "source": landmark.source,
            "description": landmark.description,
        }
        for landmark in landmarks
    )


def landmarks_text(entries: Iterable[dict[str, Any]]) -> str:
    """Return the text of a file of landmarks, an entry on each line."""
    lines = [json.dumps(entry, ensure_ascii=False, allow_nan=False) for entry in entries]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _landmark(where: str, entry: Any) -> Landmark:
    if not isinstance(entry, dict):
        raise InputError(f"{where}: {_json_type(entry)}, must be an object with the fields {', '.join(_FIELDS)}")
    if isinstance(entry.get("id"), str):
        where = f"{where} ({entry['id']!r})"
    absent = [field for field in _FIELDS if field not in entry]
    if absent:
        raise InputError(f"{where}: no field {', '.join(absent)} (needed: {', '.join(_FIELDS)})")
    for field in _TEXTS:
        if not isinstance(entry[field], str):
            raise InputError(f"{where}: {field} is {_shown(entry[field])}, must be a text")
        try:
            entry[field].encode()
        except UnicodeEncodeError as error:
            raise InputError(f"{where}: {field} has half a character ({error.reason}), must be a text") from error
    for field in ("id", "name"):
        if not entry[field].strip():
            raise InputError(f"{where}: {field} is empty, must be a text")
    position = entry["pos_meters"]
    if not isinstance(position, dict) or not {"x", "y", "z"} <= position.keys():
        raise InputError(
            f"{where}: pos_meters is {_shown(position)}, must be an object with x, y and z "
            "(metres, barycentric mean ecliptic J2000)"
        )
    radius_hint_m = _number(where, "radius_hint", entry["radius_hint"])
    if radius_hint_m <= 0:
        raise InputError(f"{where}: radius_hint is {radius_hint_m:g}, must be above 0 metres")
    x, y, z = (_number(where, f"pos_meters.{axis}", position[axis]) for axis in "xyz")
    return Landmark(
        pos_m=(x, y, z),
        radius_hint_m=radius_hint_m,
        **{field: entry[field] for field in _TEXTS},
    )


def _number(where: str, field: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{where}: {field} is {_shown(value)}, must be a number of metres")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InputError(f"{where}: {field} is {_shown(value)}, must be a finite number of metres")
    return number


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _json_type(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")
