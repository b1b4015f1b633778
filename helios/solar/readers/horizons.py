"""Reader of tables of JPL Horizons, vectors or osculating elements, as the text that it sends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from helios.constants import AU_M, ICRS_TO_ECLIPTIC
from helios.errors import InputError
from helios.rejections import Rejection
from helios.solar.ephemerides import load_ephemeris
from helios.solar.gravity import DAY_S, ORBIT_TO_UNIVERSE
from helios.solar.orbits import Orbits
from helios.solar.readers.body_file import Block, BodyFile
from helios.solar.readers.checks import DWARF_PLANETS, PLUTO, Refuse, check_conic
from helios.solar.readers.counts import BodyCounts
from helios.solar.readers.dates import julian_dates
from helios.solar.twobody import heliocentric_states, with_states

AU_KM = AU_M / 1000.0
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[EeDd][-+]?\d+)?"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

VECTOR = ("X", "Y", "Z", "VX", "VY", "VZ")
ELEMENTS = ("QR", "EC", "IN", "OM", "W", "Tp")

LATER = "a later state of the same body"
PLANET = "a planet or moon, which the ephemeris moves"

SUN, BARYCENTRE = "10", "0"


class State(NamedTuple):
    """The values by name at one date, which begins in line `row`."""

    row: int
    jd_tdb: float
    values: dict[str, float]


class HorizonsReader(BodyFile):
    """The body of the file `path`, by the first state of a vector or elements table between `$$SOE` and `$$EOE`.

    Centre, frame, units and the scale of time are read from the header. Elements are about the Sun; vectors may be
    about the Sun or the Solar System's barycentre, from where the ephemeris that ships takes them to the Sun. H and G,
    or M1 and k1, are taken from the body's page where the file has it. Raises InputError for other centres, frames and
    scales, for a table without states, and for an orbit that contradicts itself.
    """

    kind = "a table of JPL Horizons"

    @classmethod
    def recognises(cls, head: bytes) -> bool:
        """Return whether `head` names a target as Horizons does, or begins its table."""
        return re.search(rb"^\s*(Target body name\s*:|\$\$SOE)", head, re.MULTILINE) is not None

    def blocks(self) -> Iterator[Block]:
        """Yield the body, as one block. Raises InputError as the class says."""
        text = self.text()
        header, found, table = text.partition("$$SOE")
        if not found:
            raise InputError(f"{self.name}: has no $$SOE, where a table begins; ask Horizons for vectors or elements")
        if "$$EOE" not in table:
            raise InputError(f"{self.name}: has no $$EOE, where a table ends; it is cut short: download it again")
        states = self._states(header, table.partition("$$EOE")[0])
        body = self._body(header)
        counts = BodyCounts(rows_read=len(states))
        if len(states) > 1:
            later = f"{self.name} {self.row_unit} {states[1].row:,}"
            counts += BodyCounts(rejections={LATER: Rejection(len(states) - 1, later)})
        if body is None:
            planet = f"{self.name} {self.row_unit} {states[0].row:,}"
            counts += BodyCounts(rejections={PLANET: Rejection(1, planet)})
            body = (PLUTO, "", "")
        orbit = self._orbit(header, states[0], *body)
        rows = np.array([states[0].row])
        kept = np.array([PLANET not in counts.rejections])
        yield Block(orbit[kept], rows[kept], counts)

    def _orbit(self, header: str, state: State, designation: str, name: str, kind: str) -> Orbits:
        centre, ecliptic = self._centre(header), self._ecliptic(header)
        length, velocity = self._units(header)
        h_mag, slope = _light(header)
        vectors = "X" in state.values
        q, e, i, node, argument, tp = (state.values.get(key, np.nan) for key in ELEMENTS)
        filled = (1.0, 0.0, 0.0, 0.0, 0.0, state.jd_tdb) if vectors else (q * length, e, i, node, argument, tp)
        orbit = Orbits(
            designation=np.array([designation]),
            name=np.array([name]),
            kind=np.array([kind]),
            epoch_jd_tdb=np.array([state.jd_tdb]),
            perihelion_au=np.array([filled[0]]),
            eccentricity=np.array([filled[1]]),
            inclination_deg=np.array([filled[2]]),
            node_deg=np.array([filled[3]]),
            argument_deg=np.array([filled[4]]),
            perihelion_days=np.array([filled[5] - state.jd_tdb]),
            h_mag=np.array([h_mag]),
            slope=np.array([slope]),
        )
        check_conic(self._refuse(state), orbit.perihelion_au, orbit.eccentricity, orbit.inclination_deg)
        turn = ORBIT_TO_UNIVERSE if ecliptic else ICRS_TO_ECLIPTIC
        if vectors:
            place = turn @ [state.values[key] * length for key in VECTOR[:3]]
            motion = turn @ [state.values[key] * velocity for key in VECTOR[3:]]
            if centre == BARYCENTRE:
                ephemeris = load_ephemeris()
                place = place - ephemeris.barycentric_au("Sun", state.jd_tdb)
                motion = motion - ephemeris.barycentric_au_per_day("Sun", state.jd_tdb)
            return with_states(orbit, state.jd_tdb, place[None], motion[None])
        if centre == BARYCENTRE:
            raise InputError(
                f"{self.name}: elements about the Solar System's barycentre, must be about the Sun (centre @sun), or "
                "vectors"
            )
        if ecliptic:
            return orbit
        place, motion = (turn @ ORBIT_TO_UNIVERSE.T @ v[0] for v in heliocentric_states(orbit, state.jd_tdb))
        return with_states(orbit, state.jd_tdb, place[None], motion[None])

    def _refuse(self, state: State) -> Refuse:
        def refuse(bad: NDArray[np.bool_], why: str) -> None:
            if bad.any():
                shown = ", ".join(f"{key} {value:g}" for key, value in state.values.items() if key in ELEMENTS[:3])
                raise self.fault(state.row, f"{shown}: {why}")

        return refuse

    def _states(self, header: str, table: str) -> list[State]:
        """Return the states of the table: labelled (`X =`), or comma-separated below a line of labels."""
        first = header.count("\n") + 1
        lines = [(first + n, line) for n, line in enumerate(table.split("\n")) if line.strip()]
        if not re.search(r"\b(X|EC) ?=", table):
            return self._csv_states(header, lines)
        groups: list[list[tuple[int, str]]] = []
        for row, line in lines:
            if re.search(r"A\.D\.|B\.C\.", line) or re.match(r"\s*\d{6,8}\.\d+\s*($|,|=)", line):
                groups.append([])
            if not groups:
                raise self.fault(row, f"{line.strip()[:40]!r}: must be a date, as Horizons begins each state with")
            groups[-1].append((row, line))
        states = [
            self._state(group[0][0], group[0][1], dict(self._labelled("\n".join(line for _, line in group[1:]))))
            for group in groups
        ]
        if not states:
            raise InputError(f"{self.name}: has no state between $$SOE and $$EOE")
        return states

    def _labelled(self, text: str) -> Iterator[tuple[str, float]]:
        for label, value in re.findall(rf"\b([A-Za-z]+)\s*=\s*({NUMBER})", text):
            yield label, _float(value)

    def _csv_states(self, header: str, lines: list[tuple[int, str]]) -> list[State]:
        labelled = [line for line in header.splitlines() if line.count(",") > 4]
        if not labelled or not lines:
            raise InputError(f"{self.name}: has no state with labels, such as X or EC, between $$SOE and $$EOE")
        labels = [label.strip() for label in labelled[-1].split(",")]
        states = []
        for row, line in lines:
            values = dict(zip(labels, (value.strip() for value in line.split(","))))
            numbers = {key: _float(v) for key, v in values.items() if key and re.fullmatch(NUMBER, v)}
            states.append(
                self._state(row, f"{values.get(labels[0], '')} {values.get(labels[1], '')}", numbers, labels[0])
            )
        return states

    def _state(self, row: int, date: str, values: dict[str, float], scale: str = "") -> State:
        if re.search(r"\b(UT|UTC)\b", date) or scale.endswith("UT"):
            raise self.fault(row, f"{date.strip()[:60]!r}: dates must be TDB; ask Horizons for that scale of time")
        needed = VECTOR if "X" in values else ELEMENTS
        absent = [key for key in needed if key not in values]
        if absent:
            raise self.fault(row, f"no {', '.join(absent)} in the state: it must have {', '.join(needed)}")
        return State(row, self._date(row, date), values)

    def _date(self, row: int, text: str) -> float:
        julian = re.match(r"\s*(\d{6,8}\.\d+)", text)
        if julian:
            return float(julian[1])
        calendar = re.search(r"A\.D\.\s*(\d+)-([A-Za-z]{3})-(\d+)\s+(\d+):(\d+)(?::(\d+(?:\.\d+)?))?", text)
        if calendar and calendar[2].lower() in MONTHS:
            fraction = (int(calendar[4]) + (int(calendar[5]) + float(calendar[6] or 0) / 60) / 60) / 24
            month = MONTHS.index(calendar[2].lower()) + 1
            dates, bad = julian_dates(
                np.array([int(calendar[1])]), np.array([month]), np.array([int(calendar[3]) + fraction])
            )
            if not bad[0]:
                return float(dates[0])
        raise self.fault(row, f"{text.strip()[:60]!r}: must be a Julian date or a date such as A.D. 2026-Jun-09 00:00")

    def _value(self, header: str, label: str) -> str:
        found = re.search(rf"^\s*{label}\s*:\s*(.+?)\s*(?:\{{.*)?$", header, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else ""

    def _centre(self, header: str) -> str:
        centre = self._value(header, "Center body name")
        number = re.search(r"\((-?\d+)\)\s*$", centre)
        if not number or number[1] not in (SUN, BARYCENTRE):
            raise InputError(
                f"{self.name}: centre {centre or 'not told'}, must be the Sun (10) or the Solar System Barycenter (0); "
                "ask Horizons for @sun"
            )
        return number[1]

    def _ecliptic(self, header: str) -> bool:
        frame = self._value(header, "Reference frame")
        system = self._value(header, r"Coordinate syst(?:em|m)\w*")
        if "ecliptic" in (frame + system).lower():
            return True
        if "icrf" in frame.lower() and (not system or "equator" in system.lower() or "icrf" in system.lower()):
            return False
        raise InputError(
            f"{self.name}: frame {frame or system or 'not told'}, must be ICRF or the Ecliptic of J2000.0; ask "
            "Horizons for one of these"
        )

    def _units(self, header: str) -> tuple[float, float]:
        """Return what one unit of length is in au, and one of velocity in au per day."""
        units = self._value(header, "Output units").upper()
        for named, length, velocity in (
            ("AU-D", 1.0, 1.0),
            ("KM-S", 1.0 / AU_KM, DAY_S / AU_KM),
            ("KM-D", 1.0 / AU_KM, 1.0 / AU_KM),
        ):
            if units.startswith(named):
                return length, velocity
        raise InputError(f"{self.name}: units {units or 'not told'}, must be AU-D, KM-S or KM-D")

    def _body(self, header: str) -> tuple[str, str, str] | None:
        """Return designation, name and kind of the target; None for a planet or a moon."""
        target = self._value(header, "Target body name")
        if not target:
            raise InputError(f"{self.name}: does not tell its target body; ask Horizons for the header too")
        if comet := re.fullmatch(r"(\d+([PDI])(?:-\w+)?)(?:/(.+?))?(?:\s+\(.*\))?", target):
            return comet[1], (comet[3] or "").replace("'Ou", "ʻOu"), "interstellar" if comet[2] == "I" else "comet"
        if provisional := re.fullmatch(r"(?:(.+?) )?\(([CPDXA]/.+)\)", target):
            return provisional[2], provisional[1] or "", "comet"
        if numbered := re.fullmatch(r"(\d+)(?: (.+?))?(?:\s+\((.*)\))?", target):
            if numbered[1] == PLUTO:
                return None
            return numbered[1], numbered[2] or "", "dwarf planet" if numbered[1] in DWARF_PLANETS else "asteroid"
        if flown := re.fullmatch(r"(.+?)\s*(?:\(spacecraft\)\s*)?\((-\d+)\)", target):
            return flown[1], flown[1], "spacecraft"
        if re.fullmatch(r".+ \(\d{1,5}\)", target):
            return None
        return target.strip("() "), "", "asteroid"


def _light(header: str) -> tuple[float, float]:
    """Return magnitude and slope of the body's page, NaN where it does not tell them; k1 is 2.5 times the slope."""

    def told(label: str) -> float:
        found = re.search(rf"(?<![A-Za-z]){label}=\s*({NUMBER})", header)
        return _float(found[1]) if found else np.nan

    return (told("M1"), told("k1") / 2.5) if np.isfinite(told("M1")) else (told("H"), told("G"))


def _float(text: str) -> float:
    return float(text.upper().replace("D", "E"))
