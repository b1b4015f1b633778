"""`helios render`: parses where a picture is taken from, has it taken, and says what it shows."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import click

from helios.cli.options import parse_size
from helios.cli.pack import default_universe, universe_option
from helios.cli.printing import echo
from helios.cli.render_date import check_date, date_options, read_moment, tell_moment
from helios.errors import InputError

if TYPE_CHECKING:
    from helios.pictures.flights import State, Way
    from helios.pictures.render import Still
    from helios.pictures.views import View
    from helios.universe import Universe

FRESH_LOOK = "83.8,-1.2"
"""Where the viewer looks first: the belt of Orion."""

PICTURES, TABLES, FILMS = (".png",), (".fits", ".fit"), (".mp4", ".mkv", ".webm")


@click.command()
@universe_option
@click.option("--from", "eye", metavar="PLACE", help="sun, a NAME, or x,y,z with a unit as in 1,2,3pc. [default: sun]")
@click.option("--look-at", metavar="PLACE", help="A NAME, ra,dec in degrees, or x,y,z with a unit.")
@date_options
@click.option("--link", metavar="LINK", help="A link of the viewer instead, or what stands in it after #.")
@click.option("--fov", type=float, help="Field of view from bottom to top, degrees. [default: 60]")
@click.option("--size", metavar="WxH", help="Pixels. [default: 1280x720; of maps 1600x800]")
@click.option("--up", type=click.Choice(["ecliptic", "equatorial", "galactic"]), help="Whose north is up.")
@click.option(
    "--exposure", default="auto", show_default=True, metavar="auto|E", help="Stops, as the viewer counts them."
)
@click.option("--truth", "what", flag_value="truth", default="truth", help="Every star; the default.")
@click.option("--trained", "what", flag_value="trained", help="The splats of trained cells in place of their stars.")
@click.option("--difference", "what", flag_value="difference", help="Trained less true light, signed.")
@click.option("--budget", type=int, help="Draw a cut of the levels of detail with so many lights at most.")
@click.option(
    "--projection",
    type=click.Choice(["pinhole", "mollweide", "equirectangular"]),
    default="pinhole",
    show_default=True,
    help="The last two show all the sky.",
)
@click.option(
    "--frame", type=click.Choice(["galactic", "equatorial", "ecliptic"]), help="Axes of a map of all the sky."
)
@click.option("--grid", type=click.Choice(["galactic", "equatorial", "ecliptic", "none"]), help="Lines and labels.")
@click.option("--no-glare", is_flag=True, help="Leave out the glare around bright stars.")
@click.option("--fits", "also_fits", is_flag=True, help="Also write linear light as FITS, beside the picture.")
@click.option("--flight", nargs=2, metavar="A B", help="A film of the viewer's flight from A to B.")
@click.option("--path", "path", type=Path, metavar="FILE", help="A film through the states of a file.")
@click.option("--frames", type=int, help="Frames of the film. [default: as long as in the viewer]")
@click.option("--fps", type=int, default=30, show_default=True, help="Frames a second of the film.")
@click.option("-o", "--output", type=Path, required=True, help="A .png, .fits, or for films .mp4, .mkv or .webm.")
def render(
    directory: Path | None,
    eye: str | None,
    look_at: str | None,
    date: str | None,
    ephemeris: Path | None,
    link: str | None,
    fov: float | None,
    size: str | None,
    up: str | None,
    exposure: str,
    what: str,
    budget: int | None,
    projection: str,
    frame: str | None,
    grid: str | None,
    no_glare: bool,
    also_fits: bool,
    flight: tuple[str, str] | None,
    path: Path | None,
    frames: int | None,
    fps: int,
    output: Path,
) -> None:
    """Take a picture of a universe: what the viewer shows there, of every star, as PNG, FITS or film.

    A NAME is a landmark, or the name or designation of a bright star; the camera stands before it as the viewer does
    after a flight to it. Exposure, colours, glare and tone curve are the viewer's. --difference shows what trained
    cells have too much of in orange and what they lack in blue. FITS has linear light, in that of a star of magnitude
    0, and where on the sky each pixel is. With --date planets, moons and small bodies are where they are then, and
    names of bodies are places too; without, only the stars and the Sun are drawn.
    """
    import helios
    from helios.pictures.render import take_still, write_fits, write_png

    is_film = flight is not None or path is not None
    pixels = _size(size, projection, is_film)
    ev = _stops(exposure)
    _check_choices(projection, frame, grid, up, flight, path, frames, link, eye, look_at, fov, what, budget)
    _check_output(output, is_film, also_fits)
    check_date(date, ephemeris, flight is not None, link)
    universe = helios.open(directory or default_universe())
    moment = read_moment(universe, date, ephemeris, link)
    if is_film:
        ways, up_in_file = _ways(universe, flight, path, eye, look_at, fov, pixels)
        _film(universe, output, ways, pixels, what, ev, up or up_in_file, fps, frames, budget, not no_glare, moment)
        return
    view, ev_in_link = _view(universe, projection, eye, look_at, link, fov, pixels, up, frame, grid, moment)
    still = take_still(universe, view, what, ev_in_link if ev is None else ev, budget, moment)
    if output.suffix.lower() in TABLES:
        write_fits(output, universe, still)
    else:
        write_png(output, universe, still, None if grid == "none" else grid, not no_glare)
    _report(output, still)
    if also_fits and output.suffix.lower() not in TABLES:
        beside = output.with_suffix(".fits")
        write_fits(beside, universe, still)
        echo(f"linear light in {beside}")


def _check_output(output: Path, is_film: bool, also_fits: bool) -> None:
    from helios.files import check_file

    endings = FILMS if is_film else (*PICTURES, *TABLES)
    if output.suffix.lower() not in endings:
        kind = "a film" if is_film else "a picture"
        raise InputError(f"-o {output}: {kind} must end in {', '.join(endings)}")
    if is_film and also_fits:
        raise InputError("--fits: is for pictures, not for films")
    for file in (output, *([output.with_suffix(".fits")] if also_fits else [])):
        check_file(file)
        if not file.parent.is_dir():
            raise InputError(f"{file}: must be a file in a directory that exists")


def _check_choices(projection, frame, grid, up, flight, path, frames, link, eye, look_at, fov, what, budget) -> None:
    is_map, is_film = projection != "pinhole", flight is not None or path is not None
    refused = [
        (flight is not None and path is not None, "--flight and --path are two ways to fly: only one can be given"),
        (is_film and is_map, f"--projection {projection}: is for pictures, films are of a pinhole"),
        (is_film and grid not in (None, "none"), "--grid: is for pictures, not for films"),
        (is_map and up is not None, "--up: north is up on a map; --frame says whose"),
        (is_film and what == "difference", "--difference: is for pictures, not for films"),
        (is_film and link is not None, "--link: is for pictures; a file of links is a --path"),
        (flight is not None and eye is not None, "--from: a flight from A to B begins at A"),
        (path is not None and (eye or look_at or fov), "--from, --look-at and --fov: are in the states of a --path"),
        (frames is not None and not is_film, "--frames: is for films, give --flight or --path too"),
        (frames is not None and not 2 <= frames <= 100_000, f"--frames {frames}: must be from 2 to 100,000"),
        (frame is not None and not is_map, "--frame: is for maps of all the sky, give --projection too"),
        (is_map and (look_at or fov is not None), "--look-at and --fov: a map shows all the sky"),
        (
            link is not None and (eye or look_at or fov),
            "--link says from where, to where and how wide: leave these out",
        ),
        (budget is not None and what != "truth", f"--budget: is a cut of all stars, not --{what}"),
    ]
    for is_so, message in refused:
        if is_so:
            raise InputError(message)


def _size(text: str | None, projection: str, is_film: bool) -> tuple[int, int]:
    if text is None:
        return (1600, 800) if projection != "pinhole" and not is_film else (1280, 720)
    return parse_size(text)


def _stops(text: str) -> float | None:
    from helios.pictures.eye import EV_RANGE

    if text == "auto":
        return None
    try:
        ev = float(text)
    except ValueError:
        ev = float("nan")
    if not EV_RANGE[0] <= ev <= EV_RANGE[1]:
        raise InputError(f"--exposure {text}: must be auto, or stops from {EV_RANGE[0]:g} to {EV_RANGE[1]:g}")
    return ev


def _view(
    universe: Universe, projection, eye, look_at, link, fov, pixels, up, frame, grid, moment
) -> tuple[View, float | None]:
    """The view that the options ask for, and the stops of exposure that a link does."""
    from helios.pictures.places import FRESH_FOV_DEG, parse_ahead, parse_eye
    from helios.pictures.states import parse_link
    from helios.pictures.views import all_sky, pinhole

    if link is not None:
        state, up_in_link = parse_link(link)
        view = pinhole(state.position_m, state.ahead, state.fov_deg, pixels, up or up_in_link)
        return view, state.ev
    eye_m, place = parse_eye(eye or "sun", universe, moment)
    if projection != "pinhole":
        chosen = frame or (grid if grid not in (None, "none") else "galactic")
        return all_sky(eye_m, projection, pixels, chosen), None
    if look_at is None and place is not None and not (place.is_sun or place.is_body):
        ahead = place.position_m - eye_m
    else:
        ahead = parse_ahead(look_at or (FRESH_LOOK if place is not None else "sun"), universe, eye_m, moment)
    return pinhole(eye_m, ahead, FRESH_FOV_DEG if fov is None else fov, pixels, up or "ecliptic"), None


def _ways(universe: Universe, flight, path, eye, look_at, fov, pixels) -> tuple[list[Way], str]:
    from helios.pictures.flights import Flight, State, ViewWay, WayHome, unit
    from helios.pictures.places import FRESH_FOV_DEG, named, parse_ahead, parse_eye
    from helios.pictures.states import read_states

    if path is not None:
        states, up = read_states(path)
        return [ViewWay(start, end) for start, end in pairwise(states)], up
    start_m, start = parse_eye(flight[0], universe)
    goal = named(flight[1], universe)
    if look_at is not None:
        ahead = parse_ahead(look_at, universe, start_m)
    elif start is not None and not start.is_sun:
        ahead = start.position_m - start_m
    else:
        ahead = parse_ahead(FRESH_LOOK, universe, start_m)
    first = State(start_m, unit(ahead), FRESH_FOV_DEG if fov is None else fov)
    if goal.is_sun:
        return [WayHome(first, unit(parse_ahead(FRESH_LOOK, universe, start_m)))], "ecliptic"
    return [Flight(first, goal, _short_fov(first, pixels))], "ecliptic"


def _short_fov(state: State, pixels: tuple[int, int]) -> float:
    """The field of view along the shorter side, degrees."""
    from math import atan, degrees, radians, tan

    return degrees(2 * atan(tan(radians(state.fov_deg) / 2) * min(1.0, pixels[0] / pixels[1])))


def _film(universe, output, ways, pixels, what, ev, up, fps, frames, budget, glare, moment) -> None:
    from helios.film import check_film, find_ffmpeg
    from helios.pictures.flights import frames_of
    from helios.pictures.render import make_film

    check_film(output, pixels, fps)
    find_ffmpeg()
    count = frames if frames is not None else max(2, round(sum(way.seconds for way in ways) * fps) + 1)
    shown = sys.stderr.isatty()

    def on_frame(done: int, of: int) -> None:
        if shown:
            click.echo(f"\rframe {done:,} of {of:,}", nl=done == of, err=True)

    states = frames_of(ways, count)
    made = make_film(
        universe,
        output,
        states,
        pixels,
        what=what,
        ev=ev,
        up=up,
        fps=fps,
        budget=budget,
        glare=glare,
        moment=moment,
        on_frame=on_frame,
    )
    echo(f"wrote {output}: {made.frames:,} frames of {pixels[0]} x {pixels[1]} px, {made.frames / fps:.2f} s")
    echo(f"as many as {made.lights:,} lights in a frame")
    _tell_error(made.known_error)


def _report(output: Path, still: Still) -> None:
    from helios.pictures.eye import exposure_at, limit_of

    view = still.view
    lights = {"truth": "lights", "trained": "lights, stars and splats", "difference": "stars"}[still.what]
    echo(f"wrote {output}: {view.width} x {view.height} px, {still.picture.lights:,} {lights}")
    limit = limit_of(exposure_at(still.ev), view.focal_px)
    auto = ", by itself" if still.is_auto else ""
    echo(f"exposure {still.ev:+.2f} stops{auto}: stars to magnitude {limit:.1f}")
    if still.what == "difference":
        echo(f"scale {still.scale:.3g} of full brightness, orange for too much light, blue for too little")
    tell_moment(still)
    _tell_error(still.known_error)


def _tell_error(share: float) -> None:
    if share > 1e-5:
        echo(f"known beforehand: about {100 * share:.2g} % of the light stands in the wrong block of 32 px")
