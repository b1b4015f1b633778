"""Reader of CometEls.txt, the Minor Planet Center's orbits of comets, in its fixed width."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from helios.rejections import Rejection
from helios.solar.orbits import Orbits
from helios.solar.readers.body_file import Block, BodyFile, line_blocks
from helios.solar.readers.checks import check_conic
from helios.solar.readers.counts import BodyCounts
from helios.solar.readers.dates import julian_dates
from helios.solar.readers.fixed_width import Field, Rows, rows_of
from helios.solar.readers.layout import Layout

YEAR, MONTH, DAY = Field("year", 14, 18), Field("month", 19, 21), Field("day", 22, 29, 24)
PERIHELION = Field("perihelion distance", 30, 39, 32)
ECCENTRICITY = Field("eccentricity", 41, 49, 42)
ARGUMENT = Field("argument of perihelion", 51, 59, 54)
NODE = Field("node", 61, 69, 64)
INCLINATION = Field("inclination", 71, 79, 74)
EPOCH_YEAR, EPOCH_MONTH, EPOCH_DAY = Field("epoch", 81, 85), Field("epoch", 85, 87), Field("epoch", 87, 89)
EPOCH = Field("epoch", 81, 89)
DATE = Field("time of perihelion", 14, 29)
MAGNITUDE, SLOPE = Field("magnitude", 91, 95), Field("slope", 96, 100)
NAME = Field("name", 102, 158)

LAYOUT = Layout(
    numbers=(DAY, PERIHELION, ECCENTRICITY, ARGUMENT, NODE, INCLINATION),
    gaps=(12, 13, 18, 21, 29, 40, 50, 60, 70, 79, 80, 89, 90, 95, 100, 101),
    least=104,
    width=158,
    described="minorplanetcenter.org/iau/info/CometOrbitFormat.html",
)

ROW = re.compile(rb"(?:\d{4}| {4})[PCDXAI][ \w]{7} +-?\d{1,4} +\d\d +\d")
"""How a row begins: designation and date, wherever that stands."""

NUMBERED = re.compile(r"(\d+([PDI])(?:-[A-Z]{1,2})?)(?:/(.+))?")
PROVISIONAL = re.compile(r"([CPDXAI]/-?\d+ [A-Z]{1,2}\d*(?:-[A-Z]{1,2})?)(?: \((.+)\))?")

EPOCH_FROM_PERIHELION = "epoch from the time of perihelion"


class CometReader(BodyFile):
    """The comets and interstellar objects of the file `path`, gzipped or not.

    Magnitude and slope are those of total light, M1 and a factor of 2.5 log10 of the heliocentric distance, of all
    rows. A row without an epoch osculates at perihelion. Times are TT, which is within 2 ms of TDB. Raises InputError
    for a line that is cut short, holds no number where one must be, a date that is none, or an orbit that contradicts
    itself.
    """

    kind = "CometEls.txt"

    @classmethod
    def recognises(cls, head: bytes) -> bool:
        """Return whether one of the first lines of `head` could be a comet's."""
        return any(ROW.match(line) for line in head.splitlines()[:20])

    def blocks(self) -> Iterator[Block]:
        """Yield the comets in order. Raises InputError as the class says."""
        for data, first_line in line_blocks(self.path, self.name):
            rows = rows_of(self, data, first_line, LAYOUT.width)
            rows = rows[~rows.blank(0, LAYOUT.width)]
            if len(rows):
                yield self._block(rows)

    def _block(self, rows: Rows) -> Block:
        LAYOUT.check(rows)
        perihelion_date = _dates(rows, YEAR, MONTH, DAY, DATE)
        undated = rows.blank(EPOCH.start, EPOCH.stop)
        epoch = perihelion_date.copy()
        epoch[~undated] = _dates(rows[~undated], EPOCH_YEAR, EPOCH_MONTH, EPOCH_DAY, EPOCH)
        perihelion, eccentricity, inclination, node, argument = (
            rows.needed(field) for field in (PERIHELION, ECCENTRICITY, INCLINATION, NODE, ARGUMENT)
        )
        check_conic(lambda bad, why: rows.refuse(bad, PERIHELION, why), perihelion, eccentricity, inclination)
        designation, name, kind = _called(rows)
        orbits = Orbits(
            designation=designation,
            name=name,
            kind=kind,
            epoch_jd_tdb=epoch,
            perihelion_au=perihelion,
            eccentricity=eccentricity,
            inclination_deg=inclination,
            node_deg=node,
            argument_deg=argument,
            perihelion_days=perihelion_date - epoch,
            h_mag=rows.numbers(MAGNITUDE),
            slope=rows.numbers(SLOPE),
        )
        assumed = {EPOCH_FROM_PERIHELION: Rejection(int(undated.sum()), rows.first(undated))} if undated.any() else {}
        return Block(orbits, rows.row, BodyCounts(rows_read=len(rows), assumed=assumed))


def _dates(rows: Rows, year: Field, month: Field, day: Field, shown: Field) -> NDArray[np.float64]:
    """Return the Julian dates of the rows, [N]. Raises InputError at the first that is no date."""
    years, months = rows.needed(year).astype(np.int64), rows.needed(month).astype(np.int64)
    dates, bad = julian_dates(years, months, rows.needed(day))
    rows.refuse(bad, shown, "must be a date of the calendar: year, month, day")
    return dates


def _called(rows: Rows) -> tuple[NDArray[np.str_], NDArray[np.str_], NDArray[np.str_]]:
    """Return designations, names and kinds of the rows, [N] each, by what people call them: `1P/Halley`."""
    called = rows.text(NAME.start, NAME.stop)
    found = []
    for text in called.tolist():
        numbered = NUMBERED.fullmatch(text)
        if numbered:
            of = "interstellar" if numbered[2] == "I" else "comet"
            # The Centre writes the letter of 1I that stands before its first vowel as a grave accent.
            found.append((numbered[1], (numbered[3] or "").replace("`", "ʻ"), of))
        elif provisional := PROVISIONAL.fullmatch(text):
            found.append((provisional[1], provisional[2] or "", "comet"))
        else:
            found.append(("", "", ""))
    designation, name, kind = np.array(found, dtype=np.str_).reshape(-1, 3).T
    rows.refuse(designation == "", NAME, "must be a comet's designation, such as 1P/Halley or C/1995 O1 (Hale-Bopp)")
    return designation, name, kind
