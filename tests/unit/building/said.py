"""What the tests of what files say share: the stars of a universe, as astropy sees them."""

import astropy.units as u
import numpy as np
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord

from helios.universe import Universe


def stars_of(path) -> dict[int, dict]:
    """The stars of the universe at `path` by identifier: `at`, an ICRS SkyCoord with a distance, `G` and `bp_rp`."""
    universe = Universe.open(path)
    rows = universe.columns(("source_id", "x_m", "y_m", "z_m", "phot_g_mean_mag", "bp_rp"))
    places = SkyCoord(
        *(rows[axis] * u.m for axis in ("x_m", "y_m", "z_m")),
        frame=BarycentricMeanEcliptic(equinox="J2000"),
        representation_type="cartesian",
    ).transform_to("icrs")
    places.representation_type = "spherical"
    return {
        int(rows["source_id"][i]): {"at": places[i], "G": rows["phot_g_mean_mag"][i], "bp_rp": rows["bp_rp"][i]}
        for i in range(len(places))
    }


def assert_stars(path, expected: dict[int, SkyCoord], arcsec: float = 1e-3) -> None:
    """The universe has these stars alone, at these places, to 1e-6 of their distances."""
    found = stars_of(path)
    assert set(found) == set(expected)
    for number, place in expected.items():
        at = found[number]["at"]
        assert at.separation(place.icrs).arcsec < arcsec, number
        np.testing.assert_allclose(at.distance.pc, place.distance.to_value(u.pc), rtol=1e-6)
