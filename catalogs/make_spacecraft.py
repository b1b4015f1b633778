"""Makes spacecraft.json, orbits of the spacecraft that leave the solar system, from element sets of JPL Horizons.

    python -m catalogs.make_spacecraft --data FILE [-o FILE]

in the root of the repository. FILE is a JSON object of lists of sets as Horizons prints them, with `jd` and `center`;
those around the Sun are kept.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

SOURCE = (
    "JPL Horizons, osculating elements, as quoted in the class SolarSystemParameters of "
    "https://github.com/nicokuijpers/SolarSystemSimulator, commit 1bd361b1, MIT, Copyright (c) 2019 Nico Kuijpers"
)

CRAFT = {
    "VoyagerOne": "Voyager 1",
    "VoyagerTwo": "Voyager 2",
    "PioneerTen": "Pioneer 10",
    "PioneerEleven": "Pioneer 11",
    "NewHorizons": "New Horizons",
}

ELEMENTS = {"perihelion_au": "QR", "eccentricity": "EC", "inclination_deg": "IN", "node_deg": "OM", "argument_deg": "W"}

BETWEEN_AU, AFTER_AU = 0.02, 0.1
"""How far a place may be off, au: between two sets, each moved to the next misses it by 0.013 at most; after the last,
the published distances of 2012 and 2018, which have one decimal, are met within 0.1."""

WEBB = {
    "name": "James Webb Space Telescope",
    "first_jd_tdb": 2459603.5,
    "error_au": 0.0056,
    "source": "Sun-Earth L2 point since 2022-01-24, orbit of at most 832,000 km around it: NASA, Webb Orbit",
}


def make(data: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return what spacecraft.json says, of the sets as Horizons prints them."""
    craft = []
    for key, name in CRAFT.items():
        around_sun = [one for one in data[key] if one["center"].startswith("Sun ")]
        sets = [
            {"epoch_jd_tdb": one["jd"]}
            | {ours: one[theirs] for ours, theirs in ELEMENTS.items()}
            | {"perihelion_jd_tdb": one["Tp"]}
            for one in sorted(around_sun, key=lambda one: one["jd"])
        ]
        craft.append({"name": name, "error_between_au": BETWEEN_AU, "error_after_au": AFTER_AU, "sets": sets})
    return {"source": SOURCE, "frame": "ecliptic and mean equinox of J2000, IAU 1976", "craft": craft, "l2": [WEBB]}


def main() -> None:
    """Write the file and print what was counted."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="element sets of JPL Horizons, JSON")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "spacecraft.json")
    options = parser.parse_args()
    made = make(json.loads(options.data.read_text("utf-8")))
    options.output.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    print(f"{len(made['craft'])} spacecraft, {sum(len(one['sets']) for one in made['craft'])} sets -> {options.output}")


if __name__ == "__main__":
    main()
