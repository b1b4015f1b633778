"""Every star is where astropy's WCS, from the cards that a file carries, has the catalogue's ra and dec.

Views look at a pole, across one, and along a seam of the maps, where conventions differ.
"""

import io
import warnings

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from helios.coords import ecliptic_m_to_icrs, icrs_to_ecliptic_m
from helios.errors import InputError
from helios.pictures.fits_file import fits_bytes, wcs_cards
from helios.pictures.lights import Block
from helios.pictures.picture import take
from helios.pictures.projection import derivative, ray_map
from helios.pictures.views import View, all_sky, pinhole

SUN = np.zeros(3)


def looking(ra, dec, fov, size, up="ecliptic") -> View:
    return pinhole(SUN, icrs_to_ecliptic_m(ra, dec, 1.0), fov, size, up)


VIEWS = {
    "orion": looking(83.0, -1.0, 60.0, (801, 533)),
    "celestial pole": looking(0.0, 90.0, 100.0, (640, 480), "galactic"),
    "up along the pole": looking(200.0, -90.0, 20.0, (300, 400), "equatorial"),
    "mollweide": all_sky(SUN, "mollweide", (1000, 500)),
    "mollweide of ra": all_sky(SUN, "mollweide", (1000, 500), "equatorial"),
    "equirectangular": all_sky(SUN, "equirectangular", (1000, 500)),
}


def sky(count=4000):
    rng = np.random.default_rng(8)
    return rng.uniform(0, 360, count), np.degrees(np.arcsin(rng.uniform(-1, 1, count)))


def of_frame(view, ra, dec):
    if view.frame != "galactic":
        return ra, dec
    galactic = SkyCoord(ra, dec, unit="deg").galactic
    return galactic.l.deg, galactic.b.deg


@pytest.mark.parametrize("name", VIEWS)
def test_stars_are_where_astropy_has_them(name):
    view, (ra, dec) = VIEWS[name], sky()
    wcs = WCS(fits.Header(wcs_cards(view)))
    x, y = wcs.all_world2pix(*of_frame(view, ra, dec), 1)
    ours = view.project(icrs_to_ecliptic_m(ra, dec, 1.0))
    with np.errstate(invalid="ignore"):
        inside = np.all((ours > 0.1) & (ours < [view.width - 0.1, view.height - 0.1]), axis=1)
    assert inside.sum() >= 20
    off = np.hypot(ours[:, 0] + 0.5 - x, view.height - ours[:, 1] + 0.5 - y)[inside]
    # The poles of the Galaxy in Helios are those of 1958 in ICRS, to 1e-6 degrees of astropy's.
    assert off.max() < 0.002


@pytest.mark.parametrize("name", VIEWS)
def test_a_file_gives_back_place_and_magnitude_of_a_star(name):
    view = VIEWS[name]
    at = np.array([0.37 * view.width, 0.41 * view.height])
    directions, _ = ray_map(view)
    direction = directions[int(at[1]), int(at[0])] + [0.0003, -0.0002, 0.0001]
    direction /= np.linalg.norm(direction)
    block = Block(1e18 * direction[None], np.ones((1, 3), np.float32), 1e36 * 7e-6 * 10 ** (-0.4 * np.array([4.25])))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = fits_bytes(take(view, [block]).light, view, {"Content": "truth – über"})
    with fits.open(io.BytesIO(data)) as hdus:
        flux, wcs = hdus[0].data.astype(float), WCS(hdus[0].header)
        assert [hdu.name for hdu in hdus[1:]] == ["RED", "GREEN", "BLUE"]
        planes = [hdu.data.astype(float) for hdu in hdus[1:]]
    assert -2.5 * np.log10(flux.sum()) == pytest.approx(4.25, abs=1e-3)
    np.testing.assert_allclose(np.tensordot([0.2126, 0.7152, 0.0722], planes, 1), flux, rtol=1e-5, atol=1e-12)
    rows, columns = np.indices(flux.shape)
    middle = [(weights * flux).sum() / flux.sum() for weights in (columns, rows)]
    ra, dec, _ = ecliptic_m_to_icrs(direction)
    x, y = wcs.all_world2pix(*of_frame(view, ra, dec), 0)
    assert np.hypot(middle[0] - x, middle[1] - y) < 0.01


@pytest.mark.parametrize("name", VIEWS)
def test_rays_and_derivatives_are_those_of_the_projection(name):
    view = VIEWS[name]
    directions, share = ray_map(view)
    inside = share > 0
    rows, columns = np.nonzero(inside)
    places = view.project(directions[inside])
    off = np.abs(places - np.stack([columns + 0.5, rows + 0.5], axis=1))
    off[:, 0] = np.minimum(off[:, 0], view.width - off[:, 0])  # the seam of a map
    assert np.quantile(off, 0.999) < 1e-6
    # All pixels of a map cover the sphere.
    if view.frame:
        assert share.sum() / view.focal_px**2 == pytest.approx(4 * np.pi, rel=2e-3)
    rng = np.random.default_rng(1)
    jacobian = np.zeros((2, 3))
    for i in rng.integers(0, len(rows), 50):
        local = view.axes @ directions[rows[i], columns[i]]
        upright = derivative(view.kind, view.focal_px, *local, jacobian)
        if upright < 0.1 or (view.frame and abs(np.arctan2(local[1], local[0])) > 3.1):
            continue
        turn = 1e-6 * rng.normal(size=3)
        turn -= local * (turn @ local)
        before, after = (view.project((local + s * turn)[None] @ view.axes)[0] for s in (-0.5, 0.5))
        np.testing.assert_allclose(after - before, jacobian @ turn, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: looking(0, 0, 60, (0, 10)), "size 0x10: both sides must be from 1 to 32,768 pixels"),
        (lambda: looking(0, 0, 179.5, (9, 9)), "field of view 179.5: must be from 0.001 to 179 degrees"),
        (lambda: looking(0, 0, float("nan"), (9, 9)), "field of view nan"),
        (
            lambda: all_sky(SUN, "mollweide", (100, 60)),
            "size 100x60: a map of all the sky must be twice as wide as high",
        ),
        (lambda: pinhole(SUN, [0, 0, 0], 60, (9, 9)), "the place to look at is where the camera is"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        call()
