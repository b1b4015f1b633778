"""Makes conics.json: where bodies are on conics of every kind, from elements, with 60 digits by mpmath.

Kepler's equation of each kind is solved by its own anomaly and bisection, not by universal variables.
`python tests/data/solar_view/conics.py` writes the file beside it anew, byte for byte.
"""

import json
import random
from pathlib import Path

from mpmath import asinh, cbrt, cos, cosh, floor, mp, mpf, pi, radians, sin, sinh, sqrt

mp.dps = 60
GM = mpf("2.959122082841195e-4")
"""au^3 / day^2, DE440's Sun as the viewer has it."""
OBLIQUITY_ARCSEC = mpf("84381.448")
ICRS_TO_ECLIPTIC = (
    ("9.9999999999999412e-1", "-7.0783689609715561e-8", "8.0562139776131861e-8"),
    ("3.2897004077419646e-8", "9.1748212991495837e-1", "3.9777699944404793e-1"),
    ("-1.0207044725484355e-7", "-3.9777699944404304e-1", "9.1748212991495559e-1"),
)
"""helios.constants."""
KINDS = (0.0, 0.2056, 0.7, 0.967, 1 - 1e-8, 1.0, 1 + 1e-8, 1.2, 3.0, 6.14)
SPANS = (0.0, 0.01, 30.0, -400.0, 3652.5, -40000.0)


def root(f, low, high):
    """Return where a rising `f` is 0 in [low, high]."""
    for _ in range(220):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) < 0 else (low, middle)
    return (low + high) / 2


def in_plane(q, e, days):
    """Return the place, au, towards the perihelion and across, so many days after it."""
    if e == 1:
        w = 3 * sqrt(GM / (2 * q**3)) * days / 2
        d = cbrt(abs(w) + sqrt(w * w + 1))
        s = (d - 1 / d) * (1 if days >= 0 else -1)
        return q * (1 - s * s), 2 * q * s
    a = q / (1 - e)
    mean = sqrt(GM / abs(a) ** 3) * days
    if e < 1:
        mean -= 2 * pi * floor(mean / (2 * pi) + mpf(1) / 2)
        at = root(lambda x: x - e * sin(x) - mean, -pi, pi)
        return a * (cos(at) - e), a * sqrt(1 - e * e) * sin(at)
    most = asinh(abs(mean) / (e - 1)) + asinh(abs(mean)) + 5
    at = root(lambda x: e * sinh(x) - x - mean, -most, most)
    return a * (cosh(at) - e), -a * sqrt(e * e - 1) * sinh(at)


def turned(i, node, argument, x, y):
    """Return the place along the axes of the universe of one in the plane of the orbit."""
    i, node, argument = radians(i), radians(node), radians(argument)
    x, y = x * cos(argument) - y * sin(argument), x * sin(argument) + y * cos(argument)
    x, y, z = x, y * cos(i), y * sin(i)
    x, y = x * cos(node) - y * sin(node), x * sin(node) + y * cos(node)
    tilt = radians(OBLIQUITY_ARCSEC / 3600)
    icrs = (x, y * cos(tilt) - z * sin(tilt), y * sin(tilt) + z * cos(tilt))
    return [float(sum(mpf(m) * v for m, v in zip(row, icrs))) for row in ICRS_TO_ECLIPTIC]


def main():
    """Write the file."""
    rng = random.Random(13)
    rows = []
    for e in KINDS:
        for days in SPANS:
            q = round(10 ** rng.uniform(-0.7, 1.2), 6)
            angles = [round(rng.uniform(0, most), 6) for most in (180, 360, 360)]
            late = round(rng.uniform(-500, 500), 6)
            place = turned(*map(mpf, angles), *in_plane(mpf(q), mpf(e), mpf(days) - mpf(late)))
            rows.append([q, e, *angles, late, days, *place])
    text = ",\n".join(json.dumps(row) for row in rows)
    Path(__file__).with_suffix(".json").write_text(f"[\n{text}\n]\n")


if __name__ == "__main__":
    main()
