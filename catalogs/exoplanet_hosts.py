"""Reads the hosts of known planets near the Sun from the tables of the Open Exoplanet Catalogue."""

from __future__ import annotations

import csv
import gzip
import math
import re
from dataclasses import dataclass
from pathlib import Path

from catalogs import sscore

WITHIN_PC = 15.0

PLANET = re.compile(r"(.+) ([b-z])")
"""Names of planets of a star; those that no star holds have no letter."""

KIND = "exoplanet_host"

CREDIT = "planets: Open Exoplanet Catalogue"

SAME_ARCSEC = 30.0
"""Farther apart two entries are two stars: coordinates of the Open Exoplanet Catalogue are off by up to 25 arcseconds,
and companions that are places by themselves are 75 away."""

SAME_DISTANCE = 0.1
"""Relative difference of distances from which on they are two stars."""


@dataclass(frozen=True)
class Host:
    """A star or brown dwarf with confirmed planets: degrees (ICRS, J2000), parsecs, letters of the planets in order."""

    name: str
    ra_deg: float
    dec_deg: float
    distance_pc: float
    planets: tuple[str, ...]

    @property
    def planets_text(self) -> str:
        """Words for a description: `planets b, c`."""
        return f"planet{'s' if len(self.planets) > 1 else ''} {', '.join(self.planets)}"

    @property
    def designations(self) -> tuple[str, ...]:
        """The name as the catalogue has it, and Gliese's number in the form that others use."""
        number = re.fullmatch(r"(?:Gliese|Gl) (\d.*)", self.name)
        return (self.name, f"GJ {number[1]}") if number else (self.name,)


def read(path: Path) -> list[Host]:
    """The hosts of confirmed planets within WITHIN_PC, nearest first."""
    planets: dict[str, list[str]] = {}
    systems = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            named = PLANET.fullmatch(row["name"].strip())
            confirmed = row["list"].startswith("Confirmed planets")
            if named and confirmed and row["system_distance"] and float(row["system_distance"]) <= WITHIN_PC:
                planets.setdefault(named[1], []).append(named[2])
                systems[named[1]] = row
    hosts = [
        Host(
            name,
            round(15.0 * sscore.sexagesimal(row["system_rightascension"]), 9),
            round(sscore.sexagesimal(row["system_declination"]), 9),
            float(row["system_distance"]),
            tuple(sorted(planets[name])),
        )
        for name, row in systems.items()
    ]
    return sorted(hosts, key=lambda host: (host.distance_pc, host.name))


def matched(data: Path) -> list[tuple[Host, sscore.Entry | None]]:
    """The hosts, nearest first, each with what SSCore has of it.

    That is the entry of its name, of several the nearest on the sky, else the nearest that is as far away.
    """
    stars = data / "stars"
    entries = [*sscore.read(stars / "sscore_brightest.csv.gz"), *sscore.read(stars / "sscore_nearest_10pc.csv.gz")]
    called: dict[str, list[sscore.Entry]] = {}
    for entry in entries:
        for name in (*entry.designations, *entry.names):
            called.setdefault(name.replace(" ", ""), []).append(entry)
    found = []
    for host in read(data / "solar_system" / "open_exoplanet_catalogue.csv.gz"):
        same = [entry for name in host.designations for entry in called.get(name.replace(" ", ""), ())]
        if not same:
            same = [entry for entry in entries if as_far(host, entry) and apart_arcsec(host, entry) < SAME_ARCSEC]
        found.append((host, min(same, key=lambda entry: apart_arcsec(host, entry), default=None)))
    return found


def as_far(host: Host, entry: sscore.Entry) -> bool:
    """Whether the two are as far away, as far as is known."""
    return abs(entry.distance_pc / host.distance_pc - 1) < SAME_DISTANCE


def apart_arcsec(host: Host, entry: sscore.Entry) -> float:
    """The angle between the two, for small ones."""
    across = (host.ra_deg - entry.ra_deg) * math.cos(math.radians(host.dec_deg))
    return 3600 * math.hypot((across + 180) % 360 - 180, host.dec_deg - entry.dec_deg)
