"""The date of a picture: its options, what it needs, and what is to be said of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from helios.cli.printing import echo
from helios.errors import InputError

if TYPE_CHECKING:
    from helios.pictures.moment import Moment
    from helios.pictures.render import Still
    from helios.universe import Universe


def date_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a date to a command, as `date` and `ephemeris`."""
    for option in (
        click.option(
            "--ephemeris",
            type=Path,
            metavar="FILE",
            help="Ephemeris of --date, a .bsp of JPL. [default: the embedded one, 1900 to 2100]",
        ),
        click.option(
            "--date",
            metavar="DATE",
            help="Draw planets, moons and small bodies where they are then, and move the stars: 2026-11-29T20:00, UTC, "
            "now, or JD2461374.5 (TDB). [default: that of --link; else only stars and the Sun are drawn]",
        ),
    ):
        command = option(command)
    return command


def check_date(date: str | None, ephemeris: Path | None, is_flight: bool, link: str | None) -> None:
    """Raise InputError where the options do not fit together, or the date is none."""
    from helios.pictures.states import date_in
    from helios.solar.dates import parse_date

    said = date or (date_in(link) if link is not None else None)
    if is_flight and said is not None:
        raise InputError("--date: is for pictures and films of a --path, not for a --flight")
    if ephemeris is not None and said is None:
        raise InputError("--ephemeris: says where bodies are at a date, give --date too")
    if said is not None:
        parse_date(said)


def read_moment(universe: Universe, date: str | None, ephemeris: Path | None, link: str | None) -> Moment | None:
    """Return what there is in `universe` at the date of the option, else of the link; None where neither has one."""
    from helios.pictures.moment import moment_of
    from helios.pictures.states import date_in
    from helios.solar.dates import parse_date

    said = date or (date_in(link) if link is not None else None)
    return None if said is None else moment_of(universe, parse_date(said), ephemeris)


def tell_moment(still: Still) -> None:
    """Print the date of a picture that has one, what is in it, and how far that is to be believed."""
    from helios.pictures.moment import HELD_YR, LOST_YR
    from helios.solar.dates import format_date

    moment = still.moment
    if moment is None:
        return
    if moment.is_empty:
        shown = "no solar system in this universe"
    else:
        count = f"{still.bodies:,} {'body' if still.bodies == 1 else 'bodies'}"
        shown = f"{count} of the solar system in the picture, {still.globes:,} larger than a pixel"
    echo(f"date {format_date(moment.jd_tdb)}: {shown}")
    if not moment.stars_move:
        echo("stars stand still: the universe has no velocities (helios build --epoch stores them)")
    if moment.age_yr >= LOST_YR:
        echo(f"small bodies are left out: {moment.age_yr:.0f} years from their epoch they are anywhere on their orbits")
    elif moment.age_yr > HELD_YR:
        echo(f"small bodies are {moment.age_yr:.0f} years from their epoch, on ellipses that nothing pulls at")
