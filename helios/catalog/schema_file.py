"""Schemas that users write: TOML files and `--column NAME=SOURCE`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from helios.catalog.declared import Coordinates
from helios.catalog.frames import frame_of
from helios.catalog.schema import Column, Schema, SchemaChoice, shown
from helios.catalog.schemas import DEFAULT, SCHEMAS
from helios.catalog.sources import REQUIRED
from helios.catalog.table import FLOAT_COLUMNS, OPTIONAL_COLUMNS
from helios.errors import InputError

COLUMNS = ("source_id", *FLOAT_COLUMNS, *OPTIONAL_COLUMNS, "distance_pc")
"""The columns of the star table that a schema can define."""

LARGEST = 1 << 14
"""Most bytes of a schema's file; with long dotted keys, tomllib's memory grows with the square of them."""

UNKNOWN_EPOCH = "unknown"
"""How a schema file says that the epoch of the positions is unknown."""

_KEYS = ("base", "name", "ref_epoch", "band", "null", "frame", "columns")
_COLUMN_KEYS = ("names", "difference", "unit", "null")


def choose_schema(
    schema: str | None = None,
    columns: Iterable[str] = (),
    optional: tuple[str, ...] = (),
    distance: str | None = None,
) -> SchemaChoice:
    """Return the choice that `--schema` and `--column` make, with `optional` and `distance` as in SchemaChoice.

    `schema` is the name of a built-in schema or of a TOML file; each of `columns` has the form `NAME=SOURCE`, or
    `NAME=` for a column that is not to be read. Raises InputError for anything else.
    """
    sources: dict[str, str] = {}
    for text in columns:
        name, equals, source = text.partition("=")
        name, source = name.strip(), source.strip()
        if not equals or name not in COLUMNS or (not source and name in REQUIRED):
            raise InputError(f"--column {text}: must be NAME=SOURCE, NAME one of {', '.join(COLUMNS)}")
        if name in sources:
            raise InputError(f"--column {text}: {name} is already {sources[name]}; give it once")
        sources[name] = source
    if schema is None:
        return SchemaChoice(None, sources, optional, distance)
    if schema in SCHEMAS:
        return SchemaChoice(SCHEMAS[schema], sources, optional, distance)
    if not Path(schema).is_file():
        raise InputError(f"--schema {schema}: must be {', '.join(SCHEMAS)} or a TOML file, and is no file")
    return SchemaChoice(read_schema(Path(schema)), sources, optional, distance)


def read_schema(path: Path) -> Schema:
    """Return the schema in the TOML file `path`, which lists changes to the built-in schema `base`.

    All keys are optional: `base` (default gaia_dr3), `name`, `ref_epoch` (a Julian year or "unknown"), `band`, `null`
    (a list), `frame` (such as "ICRS" or "FK4 B1950"), and `[columns]`, in which a column of the star table is a source
    name, "" for none, or `{names, difference, unit, null}`.
    Raises InputError, naming the key, for anything else.
    """
    if path.stat().st_size > LARGEST:
        raise InputError(f"{path}: has {path.stat().st_size:,} bytes, a schema has at most {LARGEST:,}")
    try:
        content = tomllib.loads(path.read_bytes().decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: no TOML ({' '.join(str(error).split())})") from error
    _check_keys(content, _KEYS, str(path))
    base = content.get("base", DEFAULT)
    if not isinstance(base, str) or base not in SCHEMAS:
        raise InputError(f"{path}: base {shown(str(base))}: must be one of {', '.join(SCHEMAS)}")
    schema = SCHEMAS[base]
    epoch = content.get("ref_epoch", schema.ref_epoch)
    if epoch == UNKNOWN_EPOCH:
        epoch = None
    elif not isinstance(epoch, int | float) or isinstance(epoch, bool) or not 1000 < epoch < 3000:
        raise InputError(
            f"{path}: ref_epoch {shown(str(epoch))}: must be a Julian year such as 2016.0, or {UNKNOWN_EPOCH!r}"
        )
    columns = content.get("columns", {})
    if not isinstance(columns, dict):
        raise InputError(f"{path}: columns: must be a table such as [columns] parallax = 'plx'")
    _check_keys(columns, COLUMNS, f"{path}: columns")
    frame = content.get("frame")
    changed = {name: _column(value, f"{path}: {name}") for name, value in columns.items()}
    return replace(
        schema,
        name=_text(content.get("name", path.stem), f"{path}: name"),
        ref_epoch=None if epoch is None else float(epoch),
        band=_text(content.get("band", schema.band), f"{path}: band"),
        null=_texts(content.get("null", schema.null), f"{path}: null"),
        columns={n: c for n, c in {**schema.columns, **changed}.items() if c is not None},
        frame=schema.frame if frame is None else _frame(frame, f"{path}: frame"),
        release=None,
        epoch_named=schema.epoch_named or "ref_epoch" in content,
    )


def _frame(value: Any, where: str) -> Coordinates:
    system, _, equinox = _text(value, where).strip().partition(" ")
    told = Coordinates(system, equinox, source="schema")
    frame_of(told, where)
    return told


def _column(value: Any, where: str) -> Column | None:
    if value == "":
        return None
    if isinstance(value, str):
        return Column((_text(value, where),), named=True)
    if not isinstance(value, dict):
        raise InputError(f"{where}: must be a column's name or a table of {', '.join(_COLUMN_KEYS)}")
    _check_keys(value, _COLUMN_KEYS, where)
    names = _texts(value.get("names", ()), f"{where}.names")
    difference = _texts(value.get("difference", ()), f"{where}.difference")
    if difference and len(difference) != 2:
        raise InputError(f"{where}.difference: {len(difference)} columns, must be 2")
    if not names and not difference:
        raise InputError(f"{where}: must have names or a difference")
    unit = _text(value["unit"], f"{where}.unit") if "unit" in value else None
    null = _texts(value.get("null", ()), f"{where}.null")
    return Column(names, (difference[0], difference[1]) if difference else None, unit, null, named=True)


def _check_keys(table: dict, allowed: tuple[str, ...], where: str) -> None:
    unknown = next((key for key in table if key not in allowed), None)
    if unknown is not None:
        raise InputError(f"{where}: unknown key {shown(unknown)} (choose from {', '.join(allowed)})")


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{where}: {shown(str(value))}: must be a text that is not empty")
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
        raise InputError(f"{where}: {shown(str(value))}: must be a list of texts")
    return tuple(value)
