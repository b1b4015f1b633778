"""One landmark."""

from dataclasses import dataclass

from helios.constants import PARSEC_M

STAR_RADIUS_HINT_M = 1e-3 * PARSEC_M
"""What a star gets as its size, about 200 au: from a few of these it outshines its sky, and the orbits of planets
and of most companions are in view."""


@dataclass(frozen=True)
class Landmark:
    """A named place: where it is, and how near to it a visitor sees it whole."""

    id: str
    """Unique in its list: lower-case letters, digits and hyphens, for example `m31`."""

    name: str
    """What a viewer shows and searches: `Andromeda Galaxy (M31)`."""

    kind: str
    """What it is: `star`, `double_star`, `galaxy`, `globular_cluster`, `open_cluster`, `nebula`, ..."""

    pos_m: tuple[float, float, float]
    """Barycentric mean ecliptic J2000 position, metres."""

    radius_hint_m: float
    """Size of the place, metres: half the catalogued diameter; for a star much more than the star. Above 0."""

    source: str
    """Where position and size were taken from."""

    description: str
    """One line on what it is."""


def distance_text(distance_pc: float) -> str:
    """`distance_pc` to three digits with its unit, for a description: `2.64 pc`, `11.5 kpc`, `16.8 Mpc`."""
    for unit_pc, unit in ((1e6, "Mpc"), (1e3, "kpc")):
        if distance_pc >= 0.9995 * unit_pc:
            return f"{distance_pc / unit_pc:.3g} {unit}"
    return f"{distance_pc:.3g} pc"
