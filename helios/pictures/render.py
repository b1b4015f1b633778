"""What `helios render` makes: still pictures, differences, maps and films of a universe, and their files."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from helios import __version__
from helios.color import LUMINANCE
from helios.errors import InputError
from helios.files import check_file, staged, write_file
from helios.film import write_film
from helios.image_file import as_image, png_bytes
from helios.pictures.at_date import take_at
from helios.pictures.cut import Cut
from helios.pictures.eye import exposure_at, follow
from helios.pictures.fits_file import date_cards, fits_bytes
from helios.pictures.flights import State
from helios.pictures.grid_lines import draw_grid
from helios.pictures.image_file import with_scale
from helios.pictures.lights import Block, stars_of, sun, trained_of, without_sun
from helios.pictures.moment import Moment
from helios.pictures.picture import Picture, take
from helios.pictures.states import link_of
from helios.pictures.tone import shown, signed
from helios.pictures.views import View, pinhole
from helios.solar.dates import format_date

if TYPE_CHECKING:
    from PIL.Image import Image

    from helios.universe import Universe

TRUTH, TRAINED, DIFFERENCE = "truth", "trained", "difference"

FILM_LIGHTS = 4_000_000
"""A film of a universe with more stars than this is drawn of a cut of so many lights: 250 MB."""

SAMPLED = 16
"""States of a flight for which such a cut is chosen."""

SCALE_QUANTILE = 0.999
"""Of the pixels that differ, this share is within the scale of a difference."""


@dataclass(frozen=True)
class Still:
    """A picture that was taken: `what` of TRUTH, TRAINED and DIFFERENCE it shows, at `ev` stops.

    `light` float64 [H, W, 3] is linear RGB at exposure 1, of a difference trained less true; `known_error` the share of
    its light that a cut puts into the wrong block of 32 pixels, known beforehand, 0 without a cut. With `moment` it has
    `bodies` of the solar system, `globes` of them larger than a point.
    """

    what: str
    picture: Picture
    light: NDArray[np.float64]
    ev: float
    is_auto: bool
    known_error: float = 0.0
    scale: float = 0.0
    moment: Moment | None = None
    bodies: int = 0
    globes: int = 0

    @property
    def view(self) -> View:
        return self.picture.view


def lights_of(
    universe: Universe, what: str, view: View | None, eye_m: NDArray[np.float64], moment: Moment | None = None
) -> Iterator[Block]:
    """Yield all that gives light in a picture: TRUTH or TRAINED, as far as it may be seen in `view`, and the Sun.

    With `moment` they are where they are then, but trained splats, which stand still.

    Raises InputError for TRAINED where no cell is trained.
    """
    if what == TRAINED and not universe.trained.any():
        raise InputError(f"--{what}: no cell of {universe.path} is trained (helios train-landmarks trains some)")
    years = 0.0 if moment is None else moment.years
    blocks = trained_of(universe, view, years) if what == TRAINED else stars_of(universe, view, years=years)
    return itertools.chain(without_sun(blocks), [_sun(eye_m, moment)])


def _sun(eye_m: NDArray[np.float64], moment: Moment | None) -> Block:
    return sun(eye_m) if moment is None or moment.is_empty else sun(eye_m, moment.sun_m)


def take_still(
    universe: Universe,
    view: View,
    what: str = TRUTH,
    ev: float | None = None,
    budget: int | None = None,
    moment: Moment | None = None,
) -> Still:
    """Return the picture of `universe` from `view` at `ev` stops, None for those of the viewer.

    With `budget`, truth is drawn of a cut of so many lights (`helios.pictures.cut`). A difference has the exposure of
    the truth. With `moment` stars are where they are then, and the bodies of the solar system are drawn; there is no
    difference and no cut then, as splats and proxies do not move. Raises InputError as `lights_of` and `Cut` do,
    StoreError where the universe is damaged.
    """
    known, bodies, globes = 0.0, 0, 0
    if what == DIFFERENCE and moment is not None:
        raise InputError("--difference with --date: trained splats stand still while stars move; leave --date out")
    if what == TRAINED:
        picture, bodies, globes = take_at(view, lights_of(universe, TRAINED, view, view.eye_m, moment), moment)
    elif budget is not None:
        _check_still(moment)
        cut = Cut(universe, [view], budget)
        blocks = itertools.chain(without_sun(cut), [_sun(view.eye_m, moment)])
        picture, bodies, globes = take_at(view, blocks, moment)
        known = share_misplaced(cut, picture)
    elif what == TRUTH:
        picture, bodies, globes = take_at(view, lights_of(universe, TRUTH, view, view.eye_m, moment), moment)
    else:
        trained = lights_of(universe, TRAINED, view, view.eye_m)
        picture = take(view, lights_of(universe, TRUTH, view, view.eye_m))
        light = take(view, trained).light - picture.light
        chosen = picture.auto_ev if ev is None else ev
        return Still(what, picture, light, chosen, ev is None, scale=_scale(light, exposure_at(chosen)))
    chosen = picture.auto_ev if ev is None else ev
    return Still(what, picture, picture.light, chosen, ev is None, known, 0.0, moment, bodies, globes)


def _check_still(moment: Moment | None) -> None:
    if moment is not None and moment.years != 0.0:
        raise InputError(
            "--date with --budget, or a film of so many stars: what stands for stars stands still while they move"
        )


def share_misplaced(cut: Cut, picture: Picture) -> float:
    """Return the share of the light of a picture of a cut that stands in the wrong block of 32 pixels, at most 1."""
    light = float((picture.light @ LUMINANCE).sum()) / picture.view.focal_px**2
    return min(cut.misplaced_sr / light, 1.0) if light > 0 else 0.0


def _scale(light: NDArray[np.float64], exposure: float) -> float:
    """Return the luminance, at `exposure`, that the colours of a difference end at; 0 where there is none."""
    size = np.abs(light @ LUMINANCE) * exposure
    size = size[size > 0]
    return float(np.quantile(size, SCALE_QUANTILE)) if len(size) else 0.0


def image_of(still: Still, grid: str | None = None, glare: bool = True) -> Image:
    """Return `still` as it is shown, with the lines of `grid`, one of the frames of `helios.pictures.views`."""
    light = still.light * exposure_at(still.ev)
    if still.what == DIFFERENCE:
        image = with_scale(signed(light @ LUMINANCE, still.scale), still.scale)
    else:
        image = as_image(shown(light, glare))
    return draw_grid(image, still.view, grid) if grid else image


def describe(universe: Universe, still: Still) -> dict[str, str]:
    """Return what the metadata of a file of `still` say: software, source, what it shows, exposure, camera, units."""
    view, moment = still.view, still.moment
    day = "" if moment is None else format_date(moment.jd_tdb).partition("T")[0]
    place = ",".join(repr(float(x)) for x in view.eye_m)
    if view.projection == "pinhole":
        camera = f"pinhole, {view.fov_deg:g} degrees high, as the viewer's link #{link_of(view, still.ev, day)}"
    else:
        camera = f"{view.projection} map of all the sky, {view.frame} coordinates, from {place} m (ecliptic J2000)"
    texts = {
        "Software": f"helios {__version__}",
        "Source": f"{universe.path.name}, sha256 {universe.fingerprint}",
        "Content": still.what,
        "Exposure": f"{still.ev:+.4f} stops{' (auto)' if still.is_auto else ''}, E = {exposure_at(still.ev):.6g}",
        "Camera": camera,
        "Units": "sRGB of luminance 1 - exp(-Y), Y = E x steradians of light x focal^2, "
        f"focal = {view.focal_px:.6f} px/rad, 7e-6 sr for magnitude 0",
    }
    if still.what == DIFFERENCE:
        texts["Units"] = (
            "trained less true luminance E x steradians x focal^2, linear in light from black at 0 to full colour "
            f"(orange more, blue less) at {still.scale:.6g}; focal = {view.focal_px:.6f} px/rad"
        )
    if moment is not None:
        texts["Date"] = f"{format_date(moment.jd_tdb)} (JD {moment.jd_tdb!r} TDB)"
    if still.known_error > 1e-5:
        texts["Error"] = (
            f"{100 * still.known_error:.3g} % of the light stands in the wrong block of 32 px, as known beforehand"
        )
    return texts


def write_png(path: Path, universe: Universe, still: Still, grid: str | None = None, glare: bool = True) -> None:
    """Write `still` as the PNG file `path`, whole or not at all. Raises OSError where it cannot be written."""
    write_file(path, png_bytes(image_of(still, grid, glare), describe(universe, still)))


def write_fits(path: Path, universe: Universe, still: Still) -> None:
    """Write the linear light of `still` as the FITS file `path`, whole or not at all; see `fits_bytes`."""
    about = {name: text for name, text in describe(universe, still).items() if name not in ("Units", "Exposure")}
    date = None if still.moment is None else date_cards(still.moment.jd_tdb)
    write_file(path, fits_bytes(still.light, still.view, about, date))


@dataclass(frozen=True)
class FilmResult:
    """What a film holds: its frames, and the known error of its cut, 0 where all stars were drawn."""

    frames: int
    lights: int
    known_error: float


def make_film(
    universe: Universe,
    path: Path,
    states: Sequence[State],
    size: tuple[int, int],
    *,
    what: str = TRUTH,
    ev: float | None = None,
    up: str = "ecliptic",
    fps: int = 30,
    budget: int | None = None,
    glare: bool = True,
    moment: Moment | None = None,
    on_frame: Callable[[int, int], None] = lambda done, of: None,
) -> FilmResult:
    """Write a film with a frame, `size` (width, height), for each of `states` to `path`, whole or not at all.

    Exposure is that of each state, else `ev`, else follows the light as the viewer's does. Of more than FILM_LIGHTS
    stars a cut of so many lights, or of `budget`, is drawn, the best for SAMPLED of the frames. All frames are of one
    `moment`. Raises InputError as `take_still` and `write_film` do.
    """
    views = [pinhole(state.position_m, state.ahead, state.fov_deg, size, up) for state in states]
    check_file(path)
    many = what == TRUTH and int(universe.offsets[-1]) > FILM_LIGHTS
    cut = None
    if budget is not None or many:
        _check_still(moment)
        chosen = [views[i] for i in np.unique(np.linspace(0, len(views) - 1, SAMPLED).astype(int))]
        cut = Cut(universe, chosen, budget or FILM_LIGHTS)
    blocks = list(without_sun(cut) if cut else lights_of(universe, what, None, np.zeros(3), moment))
    found = {"error": 0.0, "lights": 0}

    def frames() -> Iterator[NDArray[np.uint8]]:
        stops: float | None = None
        for number, (view, state) in enumerate(zip(views, states)):
            picture, _, _ = take_at(view, [*blocks, _sun(view.eye_m, moment)], moment)
            found["lights"] = max(found["lights"], picture.lights)
            if cut is not None:
                found["error"] = max(found["error"], share_misplaced(cut, picture))
            fixed = ev if state.ev is None else state.ev
            if fixed is not None:
                stops = fixed
            else:
                stops = picture.auto_ev if stops is None else follow(stops, picture.auto_ev, 1000.0 / fps)
            yield shown(picture.exposed(stops), glare)
            on_frame(number + 1, len(views))

    with staged(path) as new:
        count = write_film(new, path.suffix.lower(), frames(), size, fps)
    return FilmResult(count, int(found["lights"]), float(found["error"]))
