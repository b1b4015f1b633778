"""Reader of MPCORB, the Minor Planet Center's orbits of minor planets, in its fixed width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError
from helios.rejections import Rejection
from helios.solar.conics import mean_motions_deg_per_day, perihelion_days
from helios.solar.orbits import Orbits
from helios.solar.readers.body_file import Block, BodyFile, head_of, line_blocks
from helios.solar.readers.checks import DWARF_PLANETS, PLUTO, check_axis, check_conic
from helios.solar.readers.counts import BodyCounts
from helios.solar.readers.dates import packed_dates
from helios.solar.readers.designations import unpack
from helios.solar.readers.fixed_width import Field, Rows, rows_of
from helios.solar.readers.layout import Layout

H, G = Field("H", 8, 13), Field("G", 14, 19)
ANOMALY = Field("mean anomaly", 26, 35, 29)
ARGUMENT = Field("argument of perihelion", 37, 46, 40)
NODE = Field("node", 48, 57, 51)
INCLINATION = Field("inclination", 59, 68, 62)
ECCENTRICITY = Field("eccentricity", 70, 79, 71)
MOTION = Field("mean motion", 80, 91, 82)
AXIS = Field("semi-major axis", 92, 103, 95)
EPOCH = Field("epoch", 20, 25)
DESIGNATION = Field("designation", 0, 7)
NAME = (166, 194)

LAYOUT = Layout(
    numbers=(ANOMALY, ARGUMENT, NODE, INCLINATION, ECCENTRICITY, MOTION),  # beyond 999 au that of the axis moves
    gaps=(7, 13, 19, 25, 35, 36, 46, 47, 57, 58, 68, 69, 79, 91, 103),
    least=103,
    width=194,
    described="minorplanetcenter.org/iau/info/MPOrbitFormat.html",
)

ROW = re.compile(rb"[\w~]{5,7} +(?:-?[\d.]+ +){0,2}[I-L]\d\d[1-9A-C][1-9A-V] +[\d.]+ ")
"""How a row begins: designation, magnitude, slope, epoch, mean anomaly, wherever they stand."""

LABELS = {"Des'n": 0, "H": 10, "Epoch": 20, "M": 30, "Peri.": 39, "Node": 50, "Incl.": 61, "e": 73, "n": 86, "a": 98}
"""Where the header's labels stand; a header that has them elsewhere, or others, is that of another table."""

WITHOUT_ELEMENTS = "elements missing"
PLANET = "a planet, which the ephemeris moves"
AXIS_FROM_MOTION = "semi-major axis from the mean motion"


class MpcorbReader(BodyFile):
    """The minor planets of the file `path`, gzipped or not, with or without its header.

    Epochs are TT, which is within 2 ms of TDB. A blank semi-major axis, as beyond 999 au, is taken from the mean
    motion, good to 4e-5 of it. Rows without any elements, and Pluto, are counted and left out. Raises InputError where
    the header's columns are others, and for a line that is cut short, holds no number where one must be, a date that
    is none, or an orbit that contradicts itself.
    """

    kind = "MPCORB"

    def __init__(self, path: Path, name: str | None = None):
        super().__init__(path, name)
        head = head_of(self.path, self.name)
        self.header_lines = _header_lines(head)
        for line, text in enumerate(head.splitlines()[: self.header_lines], start=1):
            if text.startswith(b"Des'n"):
                _check_labels(self, line, text.decode("latin-1"))

    @classmethod
    def recognises(cls, head: bytes) -> bool:
        """Return whether `head` has MPCORB's title or the labels of its columns, or begins with one of its rows."""
        if b"(MPCORB)" in head or re.search(rb"^Des'n +H +G +Epoch", head, re.MULTILINE):
            return True
        return any(ROW.match(line) for line in head.splitlines()[:20])

    def blocks(self) -> Iterator[Block]:
        """Yield the minor planets in order. Raises InputError as the class says."""
        for data, first_line in line_blocks(self.path, self.name):
            rows = rows_of(self, data, first_line, LAYOUT.width)
            rows = rows[(rows.row > self.header_lines) & ~rows.blank(0, LAYOUT.width)]
            if len(rows):
                yield self._block(rows)

    def _block(self, rows: Rows) -> Block:
        counts = BodyCounts(rows_read=len(rows))
        LAYOUT.check(rows)
        without = rows.blank(ANOMALY.start, AXIS.stop)
        counts += _rejected(rows, without, WITHOUT_ELEMENTS)
        rows = rows[~without]
        designation, unknown = unpack(rows.chars[:, DESIGNATION.start : DESIGNATION.stop])
        rows.refuse(unknown, DESIGNATION, "is no packed designation (minorplanetcenter.net/iau/info/PackedDes.html)")
        pluto = designation == PLUTO
        counts += _rejected(rows, pluto, PLANET)
        rows, designation = rows[~pluto], designation[~pluto]
        epoch, no_date = packed_dates(rows.chars[:, EPOCH.start : EPOCH.stop])
        rows.refuse(no_date, EPOCH, "must be a packed date (minorplanetcenter.net/iau/info/PackedDates.html)")
        eccentricity, inclination = rows.needed(ECCENTRICITY), rows.needed(INCLINATION)
        axis, from_motion = _axes(rows)
        if from_motion.any():
            counts += BodyCounts(assumed={AXIS_FROM_MOTION: _rejection(rows, from_motion)})
        check_axis(lambda bad, why: rows.refuse(bad, ECCENTRICITY, why), axis, eccentricity)
        perihelion = axis * (1.0 - eccentricity)
        check_conic(lambda bad, why: rows.refuse(bad, AXIS, why), perihelion, eccentricity, inclination)
        motion = mean_motions_deg_per_day(axis)
        orbits = Orbits(
            designation=designation,
            name=_names(rows.text(*NAME)),
            kind=np.where(np.isin(designation, list(DWARF_PLANETS)), "dwarf planet", "asteroid"),
            epoch_jd_tdb=epoch,
            perihelion_au=perihelion,
            eccentricity=eccentricity,
            inclination_deg=inclination,
            node_deg=rows.needed(NODE),
            argument_deg=rows.needed(ARGUMENT),
            perihelion_days=perihelion_days(rows.needed(ANOMALY), motion, np.ones(len(rows), dtype=bool)),
            h_mag=rows.numbers(H),
            slope=rows.numbers(G),
        )
        return Block(orbits, rows.row, counts)


def _axes(rows: Rows) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the semi-major axes, [N], and which of them are from the mean motion, by Kepler's third law."""
    axis, motion = rows.numbers(AXIS), rows.numbers(MOTION)
    absent = np.isnan(axis)
    rows.refuse(absent & ~(motion > 0), MOTION, "must be above 0 degrees per day where the semi-major axis is blank")
    unit = mean_motions_deg_per_day(np.ones(1))[0]
    return np.where(absent, (unit / np.where(absent, motion, 1.0)) ** (2 / 3), axis), absent


def _names(readable: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the names in `readable`, [N], such as `(1) Ceres`; empty where it is a provisional designation alone."""
    if not len(readable):
        return readable
    named = np.strings.startswith(readable, "(")
    names = np.where(named, np.char.partition(readable, ") ")[:, 2], "")
    return np.where(np.strings.isdigit(names.astype("U4")), "", names)


def _rejected(rows: Rows, which: NDArray[np.bool_], why: str) -> BodyCounts:
    return BodyCounts(rejections={why: _rejection(rows, which)}) if which.any() else BodyCounts()


def _rejection(rows: Rows, which: NDArray[np.bool_]) -> Rejection:
    return Rejection(int(which.sum()), rows.first(which))


def _header_lines(head: bytes) -> int:
    """Return the number of lines up to the dashes that end the header; 0 without one."""
    lines = head.splitlines()
    return next((number for number, line in enumerate(lines, start=1) if line.startswith(b"-----")), 0)


def _check_labels(file: BodyFile, line: int, text: str) -> None:
    for label, start in LABELS.items():
        if text[start : start + len(label)] != label:
            raise InputError(
                f"{file.name} line {line}: the header has {text[start : start + len(label)].strip() or 'nothing'!r} "
                f"where MPCORB has {label} (column {start + 1}): a file of another year or program, with other columns "
                f"(they must be those of {LAYOUT.described})"
            )
