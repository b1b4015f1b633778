"""Tours: files of places with texts and durations that the viewer goes through. FORMAT.md describes them."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helios.catalogs_path import embedded
from helios.errors import InputError
from helios.landmarks import Landmark

TOURS = "tours"
EMBEDDED_TOUR = f"{TOURS}/first_light.json"
VERSION = 1

SECONDS = (1.0, 3600.0)
MOST_STOPS = 1000
MOST_CHARACTERS = 2000

PLACE_M = (-1e27, 1e27)
RA_DEG, DEC_DEG, FOV_DEG = (-360.0, 360.0), (-90.0, 90.0), (1.0, 120.0)
STOPS_OF_EXPOSURE = (-18.0, 30.0)
"""What the viewer's links may say, see `client_export/src/view_state.ts`."""

_TOUR = ("version", "title", "stops")
_TEXTS = ("title", "text", "goto", "show")
_LISTS = {"pos": (PLACE_M,) * 3, "look": (RA_DEG, DEC_DEG)}
_NUMBERS = {"seconds": SECONDS, "fov": FOV_DEG}
_STOP = (*_TEXTS, *_LISTS, *_NUMBERS, "ev")
_NEEDED = ("title", "text", "seconds")
_VIEW = ("goto", "pos", "look", "fov")

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.json")
_SHOWN = re.compile(r"[a-z]+(,[a-z]+)*")


@dataclass(frozen=True)
class Tour:
    """A tour that was checked: the `name` and content of its file, its `title`, and what its stops fly to by name."""

    name: str
    content: bytes
    title: str
    places: tuple[str, ...]


def read_tour(path: Path) -> Tour:
    """Return the tour of the file `path`.

    Raises InputError where it cannot be read, and where `parse_tour` does.
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file, must be a tour (make one with `helios tour`)") from error
    except IsADirectoryError as error:
        raise InputError(f"{path}: is a directory, must be a tour") from error
    return parse_tour(path, content)


def parse_tour(path: Path, content: bytes) -> Tour:
    """Return the tour that `content`, of the file `path`, is.

    Raises InputError, naming file, stop, field and value, where it is no tour, or has a name that an address would have
    to escape.
    """
    path = Path(path)
    if not _FILE_NAME.fullmatch(path.name):
        raise InputError(f"{path}: must be named in letters, digits, '.', '_' and '-', and end with .json")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: no JSON ({error}), must be a tour") from error
    fields = _object(str(path), document, _TOUR, _TOUR)
    if fields["version"] != VERSION or isinstance(fields["version"], bool):
        raise InputError(f"{path}: version is {_shown(fields['version'])}, this program reads {VERSION}")
    title = _text(str(path), "title", fields["title"])
    stops = fields["stops"]
    if not isinstance(stops, list) or not 1 <= len(stops) <= MOST_STOPS:
        raise InputError(f"{path}: stops is {_shown(stops)}, must be a list of 1 to {MOST_STOPS:,} stops")
    for number, stop in enumerate(stops, 1):
        _check_stop(f"{path} stop {number}", stop)
    return Tour(path.name, content, title, tuple(stop["goto"] for stop in stops if "goto" in stop))


def embedded_tour(landmarks: bytes) -> Tour | None:
    """Return the tour that ships with Helios; None where a place of it is not among `landmarks`, or has no star.

    `landmarks` are those of a universe, with how many stars it has at each.
    """
    lit = {entry["name"] for entry in json.loads(landmarks) if entry.get("stars", 1) > 0}
    tour = read_tour(embedded(EMBEDDED_TOUR))
    return tour if lit.issuperset(tour.places) else None


def tour_text(landmarks: Sequence[Landmark], title: str, seconds: float) -> str:
    """Return the JSON text of a tour to `landmarks`, in order, with their descriptions, `seconds` at each.

    The same landmarks give the same text. Raises InputError where a tour may not have this title, so many landmarks or
    so many seconds.
    """
    where = "the tour"
    _text(where, "title", title)
    _number(where, "seconds", seconds, SECONDS)
    if not 1 <= len(landmarks) <= MOST_STOPS:
        raise InputError(f"{where}: {len(landmarks):,} stops, must be 1 to {MOST_STOPS:,}")
    stay = int(seconds) if seconds == int(seconds) else seconds
    stops = [
        {
            "title": landmark.name,
            "text": landmark.description.strip() or landmark.kind.replace("_", " "),
            "seconds": stay,
            "goto": landmark.name,
        }
        for landmark in landmarks
    ]
    document = {"version": VERSION, "title": title, "stops": stops}
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def named_landmark(landmarks: Iterable[Landmark], name: str, source: str) -> Landmark:
    """Return the one of `landmarks` that is called `name`.

    That is its id, its name, or either part of a name such as `Pleiades (M45)`, in any case and with or without blanks.
    Raises InputError with `source` and what is spelled likewise where nothing is called so, or more than one.
    """
    called: dict[str, list[Landmark]] = {}
    plain: dict[str, str] = {}
    for landmark in landmarks:
        first, _, second = landmark.name.removesuffix(")").partition(" (")
        spelled = {_key(text): text for text in (landmark.id, landmark.name, first, second) if text}
        for key, text in spelled.items():
            called.setdefault(key, []).append(landmark)
            plain.setdefault(key, text)
    found = called.get(_key(name), [])
    exact = [landmark for landmark in found if name in (landmark.id, landmark.name)] or found
    if len(exact) == 1:
        return exact[0]
    if exact:
        names = ", ".join(repr(landmark.name) for landmark in exact[:4])
        raise InputError(f"{name!r}: {len(exact)} landmarks of {source} are called so: {names}; name one in full")
    near = difflib.get_close_matches(_key(name), list(called), 6, 0.7)
    meant = {called[key][0].id: repr(plain[key]) for key in reversed(near)}  # each once, as it is spelled most likely
    hint = f" (did you mean {' or '.join(list(meant.values())[::-1][:3])}?)" if near else ""
    raise InputError(f"{name!r}: no landmark of {source} is called so{hint}")


def _key(text: str) -> str:
    return "".join(text.casefold().split())


def _check_stop(where: str, stop: Any) -> None:
    fields = _object(where, stop, _STOP, _NEEDED)
    for name in _TEXTS:
        if name in fields:
            _text(where, name, fields[name])
    for name, limits in _NUMBERS.items():
        if name in fields:
            _number(where, name, fields[name], limits)
    for name, sides in _LISTS.items():
        if name not in fields:
            continue
        values = fields[name]
        if not isinstance(values, list) or len(values) != len(sides):
            raise InputError(f"{where}: {name} is {_shown(values)}, must be a list of {len(sides)} numbers")
        for value, limits in zip(values, sides):
            _number(where, name, value, limits)
    if fields.get("ev", "auto") != "auto":
        _number(where, "ev", fields["ev"], STOPS_OF_EXPOSURE, 'or "auto"')
    if "show" in fields and not _SHOWN.fullmatch(fields["show"]):
        raise InputError(f"{where}: show is {_shown(fields['show'])}, must be as in a link: constellations,rings")
    if not any(name in fields for name in _VIEW):
        raise InputError(f"{where}: says no place, must have one of {', '.join(_VIEW)}")
    if "goto" in fields and "pos" in fields:
        raise InputError(f"{where}: has both goto and pos, drop one of them")


def _object(where: str, value: Any, known: Sequence[str], needed: Sequence[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{where}: is {_shown(value)}, must be an object")
    if absent := [name for name in needed if name not in value]:
        raise InputError(f"{where}: no field {', '.join(absent)}")
    if extra := [name for name in value if name not in known]:
        raise InputError(f"{where}: unknown field {_shown(extra[0])}, known are {', '.join(known)}")
    return value


def _text(where: str, name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_CHARACTERS:
        raise InputError(f"{where}: {name} is {_shown(value)}, must be a text of 1 to {MOST_CHARACTERS:,} characters")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{where}: {name} has half a character ({error.reason}), must be a text") from error
    return value


def _number(where: str, name: str, value: Any, limits: tuple[float, float], beside: str = "") -> None:
    low, high = limits
    usable = isinstance(value, int | float) and not isinstance(value, bool)
    if not usable or (isinstance(value, float) and not math.isfinite(value)) or not low <= value <= high:
        must = f"must be from {low:g} to {high:g} {beside}".rstrip()
        raise InputError(f"{where}: {name} is {_shown(value)}, {must}")


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
