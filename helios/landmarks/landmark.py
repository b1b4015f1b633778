"""One landmark."""

from dataclasses import dataclass

from helios.constants import PARSEC_M

STAR_RADIUS_HINT_M = 1e-3 * PARSEC_M
"""Size of a star as a landmark, about 200 au: from a few times this distance the star outshines its sky, and the orbits
of planets and of most companions are in view."""


@dataclass(frozen=True)
class Landmark:
    """A named place: its position, and its size, which sets how close a visitor is taken."""

    id: str
    """Unique in its list: lower-case letters, digits and hyphens, for example `m31`."""

    name: str
    """What a viewer shows and searches, for example `Andromeda Galaxy (M31)`."""

    kind: str
    """What it is: `star`, `double_star`, `galaxy`, `globular_cluster`, `open_cluster`, `nebula`, ..."""

    pos_m: tuple[float, float, float]
    """Barycentric mean ecliptic J2000 position, metres."""

    radius_hint_m: float
    """Size in metres, above 0: half the catalogued diameter; for a star, much more than its radius."""

    source: str
    """The source of position and size."""

    description: str
    """One line on what it is."""


def distance_text(distance_pc: float) -> str:
    """Return `distance_pc` to three digits with a unit, for a description: `2.64 pc`, `11.5 kpc`, `16.8 Mpc`."""
    for unit_pc, unit in ((1e6, "Mpc"), (1e3, "kpc")):
        if distance_pc >= 0.9995 * unit_pc:
            return f"{distance_pc / unit_pc:.3g} {unit}"
    return f"{distance_pc:.3g} pc"
