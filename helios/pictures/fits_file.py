"""Pictures as FITS: linear light, and where on the sky each pixel is (FITS WCS, Calabretta and Greisen 2002)."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from helios.color import LUMINANCE
from helios.constants import ICRS_TO_ECLIPTIC, OMEGA_0_SR
from helios.pictures.views import View
from helios.solar.dates import format_date, utc_of_tdb

if TYPE_CHECKING:
    from astropy.io.fits import Header

CODES = {"pinhole": "TAN", "mollweide": "MOL", "equirectangular": "CAR"}


def wcs_cards(view: View) -> dict[str, float | str | int]:
    """Return the cards of the header that say where the pixels of `view` are, rows counted from the bottom.

    A pinhole's are in ICRS; a map's in galactic coordinates or ICRS, as its frame is. From elsewhere than the Sun they
    are the directions as seen from there.
    """
    degree = np.degrees(1.0 / view.focal_px)
    cards: dict[str, float | str | int] = {
        "WCSAXES": 2,
        "CRPIX1": view.width / 2 + 0.5,
        "CRPIX2": view.height / 2 + 0.5,
        "CUNIT1": "deg",
        "CUNIT2": "deg",
    }
    galactic = view.frame == "galactic"
    names = ("GLON", "GLAT") if galactic else ("RA--", "DEC-")
    cards |= {f"CTYPE{i}": f"{name}-{CODES[view.projection]}" for i, name in enumerate(names, 1)}
    if not galactic:
        cards["RADESYS"] = "ICRS"
    if view.projection == "pinhole":
        ra, dec = view.look_deg()
        a, d = np.radians(ra), np.radians(dec)
        east = ICRS_TO_ECLIPTIC @ [-np.sin(a), np.cos(a), 0.0]
        north = ICRS_TO_ECLIPTIC @ [-np.sin(d) * np.cos(a), -np.sin(d) * np.sin(a), np.cos(d)]
        right, up = view.axes[0], -view.axes[1]
        cards |= {"CRVAL1": ra, "CRVAL2": dec, "LONPOLE": 180.0, "LATPOLE": dec}
        cards |= {"CD1_1": degree * (right @ east), "CD1_2": degree * (up @ east)}
        cards |= {"CD2_1": degree * (right @ north), "CD2_2": degree * (up @ north)}
    else:
        cards |= {"CRVAL1": 0.0, "CRVAL2": 0.0, "CD1_1": -degree, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": degree}
    return {name: float(value) if isinstance(value, np.floating) else value for name, value in cards.items()}


def fits_bytes(
    light: NDArray[np.float64], view: View, about: Mapping[str, str], date: Mapping[str, str | float] | None = None
) -> bytes:
    """Return a FITS file of `light` [H, W, 3], a picture's at exposure 1, linear RGB with Rec. 709 primaries.

    The primary image is its luminance, the extensions RED, GREEN and BLUE its colours, all in the light of a star of G
    magnitude 0, so that a star's magnitude is -2.5 log10 of the sum of its pixels. `about` becomes comments, `date`, of
    `date_cards`, says when. The same picture gives the same bytes.
    """
    from astropy.io import fits

    unit = OMEGA_0_SR * view.focal_px**2
    images = [fits.PrimaryHDU(_plane(light @ LUMINANCE / unit))]
    images += [
        fits.ImageHDU(_plane(light[..., i] / unit), name=name) for i, name in enumerate(("RED", "GREEN", "BLUE"))
    ]
    for image in images:
        _describe(image.header, view)
        image.header.update(date or {})
    for name, text in about.items():
        images[0].header.add_comment(f"{name}: {text}".encode("ascii", "replace").decode())
    file = io.BytesIO()
    fits.HDUList(images).writeto(file)
    return file.getvalue()


def date_cards(jd_tdb: float) -> dict[str, str | float]:
    """Return the cards of the header that say a Julian date of TDB (Rots et al. 2015, A&A 574, A36)."""
    cards: dict[str, str | float] = {"TIMESYS": "UTC", "MJDREF": 0.0}
    text = format_date(jd_tdb)
    if not text.startswith("JD"):
        cards["DATE-OBS"] = text.removesuffix("Z")
    return cards | {"MJD-OBS": float(utc_of_tdb(jd_tdb)) - 2_400_000.5}


def _plane(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return `values` [H, W] with rows from the bottom, as FITS counts them."""
    return np.ascontiguousarray(values[::-1], np.float32)


def _describe(header: Header, view: View) -> None:
    header.update(wcs_cards(view))
    header["BUNIT"] = ("", "light of a star of G magnitude 0")
    header["MAGZERO"] = (0.0, "[mag] G = MAGZERO - 2.5 log10(sum of pixels)")
    header["FOCALPX"] = (view.focal_px, "[pixel/rad] focal length")
    for axis, value in zip("XYZ", view.eye_m):
        header[f"EYE_{axis}"] = (float(value), "[m] camera, ecliptic J2000")
