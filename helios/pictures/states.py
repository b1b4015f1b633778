"""Camera states in text: the viewer's links, and files of the states that a flight goes through."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np

from helios.coords import icrs_to_ecliptic_m
from helios.errors import InputError
from helios.pictures.eye import EV_RANGE
from helios.pictures.flights import FRESH_FOV_DEG, State
from helios.pictures.views import FOV_DEG, View
from helios.solar.dates import J2000

FIELDS = ("pos", "look", "fov", "ev", "seconds", "up")
"""Of a state: `pos` x,y,z in metres, `look` ra,dec in degrees, `fov` in degrees, `ev` in stops or "auto", `seconds`
that the way to it takes, and `up`, which counts in the first state. Only pos and look must be given."""

CSV_COLUMNS = ("x_m", "y_m", "z_m", "ra", "dec")
CSV_OPTIONAL = ("fov", "ev", "seconds")

_MOST_M = 1e27


def parse_link(text: str, where: str = "--link") -> tuple[State, str]:
    """Return the state that a link of the viewer, or what stands in it after `#`, names, and what is up in it.

    Raises InputError, beginning with `where`, where it names no place and no direction, or what cannot be.
    """
    part = text.strip().rpartition("#")[2].lstrip("?").replace("+", "%2B")
    values = dict(parse_qsl(part))
    return _state({name: values[name] for name in FIELDS if name in values}, where)


def date_in(link: str) -> str | None:
    """Return the date of a link of the viewer as `helios.solar.dates.parse_date` reads it, None where it says none.

    A day is its noon there; a year without a day is a Julian year.
    """
    text = dict(parse_qsl(link.strip().rpartition("#")[2].lstrip("?").replace("+", "%2B"))).get("t")
    if text is None:
        return None
    if re.fullmatch(r"[-+]?\d{1,6}(\.\d+)?", text):
        return f"JD{J2000 + (float(text) - 2000.0) * 365.25}"
    return f"{text}T12:00"


def link_of(view: View, ev: float, day: str = "") -> str:
    """Return what a link to the same view in the viewer has after `#`, at a `day`, 2026-11-29, if one is given."""
    ra, dec = view.look_deg()
    place = ",".join(repr(float(x)) for x in view.eye_m)
    up = "" if view.up in ("ecliptic", "") else f"&up={view.up}"
    return f"pos={place}&look={ra:.9f},{dec:.9f}&fov={view.fov_deg:.9g}&ev={ev:.4g}{up}{day and f'&t={day}'}"


def read_states(path: Path) -> tuple[list[State], str]:
    """Return the states, two or more, of the file `path`, and what is up in the first of them.

    A `.json` is a list of links and of objects with FIELDS; a `.csv` has CSV_COLUMNS and may have CSV_OPTIONAL; any
    other text has a link on each line. Raises InputError, naming file, number and value, for what is none of these.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file, must be a path: links of the viewer, one a line") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: no text in UTF-8 ({error.reason}), must be a path") from error
    ending = path.suffix.lower()
    if ending == ".json":
        rows = _json_rows(path, text)
    elif ending == ".csv":
        rows = _csv_rows(path, text)
    else:
        rows = [line for line in text.splitlines() if line.strip()]
    states = [
        parse_link(row, f"{path} state {number}") if isinstance(row, str) else _state(row, f"{path} state {number}")
        for number, row in enumerate(rows, 1)
    ]
    if len(states) < 2:
        raise InputError(f"{path}: has {len(states)} states, must have two or more")
    return [state for state, _ in states], states[0][1]


def _json_rows(path: Path, text: str) -> list[Any]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: no JSON ({error}), must be a list of states") from error
    if not isinstance(rows, list) or not all(isinstance(row, str | dict) for row in rows):
        raise InputError(f"{path}: must be a JSON list of links and of objects with {', '.join(FIELDS)}")
    return rows


def _csv_rows(path: Path, text: str) -> list[dict[str, Any]]:
    reader = csv.DictReader(text.splitlines())
    names = tuple(reader.fieldnames or ())
    absent = [name for name in CSV_COLUMNS if name not in names]
    if absent:
        raise InputError(f"{path}: no column {', '.join(absent)} (needed: {', '.join(CSV_COLUMNS)})")
    return [
        {"pos": [row["x_m"], row["y_m"], row["z_m"]], "look": [row["ra"], row["dec"]]}
        | {name: row[name] for name in CSV_OPTIONAL if row.get(name)}
        for row in reader
    ]


def _state(row: Mapping[str, Any], where: str) -> tuple[State, str]:
    unknown = [name for name in row if name not in FIELDS]
    if unknown:
        raise InputError(f"{where}: has {', '.join(unknown)}, known are {', '.join(FIELDS)}")
    absent = [name for name in ("pos", "look") if name not in row]
    if absent:
        raise InputError(f"{where}: has no {' and no '.join(absent)}, must say pos=x,y,z in metres and look=ra,dec")
    place = _numbers(where, "pos", row["pos"], 3, -_MOST_M, _MOST_M)
    ra, dec = _numbers(where, "look", row["look"], 2, -360.0, 360.0)
    if abs(dec) > 90.0:
        raise InputError(f"{where}: look has a declination of {dec:g}, must be from -90 to 90 degrees")
    fov = _number(where, "fov", row.get("fov", FRESH_FOV_DEG), *FOV_DEG)
    ev = row.get("ev", "auto")
    seconds = row.get("seconds")
    up = str(row.get("up", "ecliptic"))
    if up not in ("ecliptic", "equatorial", "galactic"):
        raise InputError(f"{where}: up is {up!r}, must be ecliptic, equatorial or galactic")
    state = State(
        np.array(place),
        icrs_to_ecliptic_m(ra, dec, 1.0),
        fov,
        None if ev == "auto" else _number(where, "ev", ev, *EV_RANGE),
        None if seconds is None else _number(where, "seconds", seconds, 0.01, 36000.0),
    )
    return state, up


def _numbers(where: str, name: str, value: Any, count: int, low: float, high: float) -> list[float]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or len(parts) != count:
        raise InputError(f"{where}: {name} is {value!r}, must be {count} numbers")
    return [_number(where, name, part, low, high) for part in parts]


def _number(where: str, name: str, value: Any, low: float, high: float) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not low <= number <= high:
        raise InputError(f"{where}: {name} is {value!r}, must be a number from {low:g} to {high:g}")
    return number
