"""Reader of small tables of elements, CSV or TOML, as people write them by hand."""

from __future__ import annotations

import csv
import difflib
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from helios.errors import InputError
from helios.solar.conics import mean_motions_deg_per_day, perihelion_days
from helios.solar.orbits import Orbits
from helios.solar.readers.body_file import Block, BodyFile
from helios.solar.readers.checks import DWARF_PLANETS, Refuse, check_axis, check_conic
from helios.solar.readers.counts import BodyCounts
from helios.solar.readers.dates import julian_dates

KINDS = ("asteroid", "comet", "dwarf planet", "interstellar", "spacecraft")

NUMBERS = ("q", "a", "e", "i", "node", "argument", "M", "H", "G")
"""Columns of numbers: au, au, 1, degrees (4), magnitudes, and the slope, which is 1 or a comet's."""

DATES = ("epoch", "Tp")
"""Columns of dates, TDB: `2026-06-09`, `2026-06-09T12:00:00`, `2026-06-09.5` or a Julian date."""

TEXTS = ("designation", "name", "kind", "source")
"""Columns of text. `source` is for readers of the file."""

COLUMNS = (*TEXTS, *DATES, *NUMBERS)

DATE = re.compile(r"(-?\d{4,5})-(\d\d)-(\d\d)(?:(\.\d+)|[T ](\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?)?")

LOWEST_JULIAN_DATE = 1e6
"""A lower number is taken for a mistake, such as a modified Julian date: it is before 1976 BC."""


class ElementsReader(BodyFile):
    """The bodies of the file `path`: CSV with a header, or TOML with a table `[[body]]` for each; gzipped or not.

    Columns, or keys, are those of COLUMNS. A body needs a `name` or `designation`, `epoch`, `e`, `i`, `node`,
    `argument`, one of `q` and `a`, and one of `M` and `Tp`; its `kind` is asteroid by default. Elements are
    heliocentric, osculating, of the ecliptic and equinox of J2000. Raises InputError for an unknown column, and for a
    body that lacks one of these, has both of two, or contradicts itself.
    """

    kind = "a table of elements"
    row_unit = "line"

    @classmethod
    def recognises(cls, head: bytes) -> bool:
        """Return whether `head` has a table `[[body]]`, or a first line of names that has `e`, `epoch` and `i`."""
        text = head.decode("utf-8-sig", "replace")
        if re.search(r"^\s*\[\[\s*body\s*\]\]", text, re.MULTILINE):
            return True
        lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
        names = {name.strip().strip('"') for name in next(lines, "").split(",")}
        return {"e", "epoch", "i"} <= names

    def blocks(self) -> Iterator[Block]:
        """Yield all bodies at once. Raises InputError as the class says."""
        text = self.text()
        toml = re.search(r"^\s*\[\[\s*body\s*\]\]", text, re.MULTILINE) is not None
        rows = list(self._toml(text) if toml else self._csv(text))
        if rows:
            numbers = np.array([row for row, _ in rows])
            yield Block(self._orbits(rows), numbers, BodyCounts(rows_read=len(rows)))

    def _csv(self, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
        lines = text.splitlines()
        table = csv.reader(lines)
        names: list[str] = []
        for values in table:
            row = table.line_num
            if not any(values) or values[0].startswith("#"):
                continue
            values = [value.strip() for value in values]
            if not names:
                names = values
                self._check_names(row, names)
            elif len(values) != len(names):
                raise self.fault(row, f"{len(values)} values, must be {len(names)}, as many as the header has names")
            else:
                yield row, {name: value for name, value in zip(names, values) if value}

    def _toml(self, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{self.name}: is no TOML ({error})") from error
        starts = [n for n, line in enumerate(text.splitlines(), start=1) if re.match(r"\s*\[\[\s*body\s*\]\]", line)]
        for row, table in zip(starts, content["body"]):
            self._check_names(row, table)
            yield row, table

    def _check_names(self, row: int, names: Iterable[str]) -> None:
        for name in names:
            if name not in COLUMNS:
                near = difflib.get_close_matches(name, COLUMNS, n=1, cutoff=0.5)
                meant = f"; is {near[0]} meant?" if near else ""
                raise self.fault(row, f"unknown column {name!r}{meant} (columns are {', '.join(COLUMNS)})")
        if len(set(names)) != len(list(names)):
            raise self.fault(row, "a column stands twice in the header")

    def _orbits(self, rows: list[tuple[int, Mapping[str, Any]]]) -> Orbits:
        for row, table in rows:
            self._check_given(row, table)
        number = {name: np.array([self._number(row, table, name) for row, table in rows]) for name in NUMBERS}
        date = {name: np.array([self._date(row, table, name) for row, table in rows]) for name in DATES}
        designation = np.array([str(table.get("designation") or table["name"]) for _, table in rows])
        e = number["e"]
        check_axis(self._refusing(rows, "a"), np.where(np.isnan(number["a"]), np.sign(0.5 - (e >= 1)), number["a"]), e)
        perihelion = np.where(np.isnan(number["q"]), number["a"] * (1.0 - e), number["q"])
        check_conic(self._refusing(rows, "q"), perihelion, e, number["i"])
        parabolic = (e == 1) & ~np.isnan(number["M"])
        self._refusing(rows, "M")(parabolic, "a parabola, of e = 1, has no mean anomaly; give Tp")
        with np.errstate(divide="ignore"):
            axis = np.where(np.isnan(number["a"]), perihelion / (1.0 - e), number["a"])
        motion = mean_motions_deg_per_day(axis)
        after = np.where(np.isnan(date["Tp"]), perihelion_days(number["M"], motion, e < 1), date["Tp"] - date["epoch"])
        return Orbits(
            designation=designation,
            name=np.array([str(table.get("name", "")) for _, table in rows]),
            kind=np.array([self._kind(row, table, name) for (row, table), name in zip(rows, designation.tolist())]),
            epoch_jd_tdb=date["epoch"],
            perihelion_au=perihelion,
            eccentricity=e,
            inclination_deg=number["i"],
            node_deg=number["node"],
            argument_deg=number["argument"],
            perihelion_days=after,
            h_mag=number["H"],
            slope=number["G"],
        )

    def _check_given(self, row: int, table: Mapping[str, Any]) -> None:
        for name in ("epoch", "e", "i", "node", "argument"):
            if name not in table:
                raise self.fault(row, f"no {name}: a body must have it")
        for one, other in (("q", "a"), ("M", "Tp")):
            if (one in table) == (other in table):
                raise self.fault(row, f"{'both' if one in table else 'none'} of {one} and {other}: give one of them")
        if not table.get("name") and not table.get("designation"):
            raise self.fault(row, "neither name nor designation: give one of them")

    def _number(self, row: int, table: Mapping[str, Any], name: str) -> float:
        if name not in table:
            return math.nan
        try:
            value = float(table[name])
        except (TypeError, ValueError):
            value = math.nan
        if not math.isfinite(value):
            raise self.fault(row, f"{name} {table[name]}: must be a finite number")
        return value

    def _date(self, row: int, table: Mapping[str, Any], name: str) -> float:
        if name not in table:
            return math.nan
        text = str(table[name])
        date = DATE.fullmatch(text)
        if date:
            hour, minute, second = (float(part or 0) for part in date.groups()[4:])
            if hour < 24 and minute < 60 and second < 60:
                fraction = float(date[4] or 0) + hour / 24 + minute / 1440 + second / 86400
                year, month, day = (np.array([int(part)]) for part in date.groups()[:3])
                julian, bad = julian_dates(year, month, day + fraction)
                if not bad[0]:
                    return float(julian[0])
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if date or not LOWEST_JULIAN_DATE <= value < 1e7:
            raise self.fault(row, f"{name} {text}: must be a date, such as 2026-06-09 or the Julian date 2461200.5")
        return value

    def _kind(self, row: int, table: Mapping[str, Any], designation: str) -> str:
        kind = str(table.get("kind") or ("dwarf planet" if designation in DWARF_PLANETS else "asteroid"))
        if kind not in KINDS:
            raise self.fault(row, f"kind {kind}: must be one of {', '.join(KINDS)}")
        return kind

    def _refusing(self, rows: list[tuple[int, Mapping[str, Any]]], name: str) -> Refuse:
        def refuse(bad: Any, why: str) -> None:
            if bad.any():
                row, table = rows[int(np.argmax(bad))]
                shown = ", ".join(
                    f"{key} {table[key]}" for key in dict.fromkeys((name, "q", "a", "e", "i")) if key in table
                )
                raise self.fault(row, f"{shown}: {why}")

        return refuse
