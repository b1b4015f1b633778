"""`helios scene render`: parses which way a camera flies, has it filmed, and says what was written."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from helios.cli.entry_help import EntryCommand
from helios.cli.options import parse_size
from helios.cli.printing import echo
from helios.errors import InputError
from helios.film import ENDINGS, check_film, find_ffmpeg
from helios.photos.paths import PATHS

if TYPE_CHECKING:
    from collections.abc import Callable


FRAMES = (2, 100_000)


@click.command(cls=EntryCommand, registries={"--path": PATHS})
@click.argument("result", type=Path)
@click.option(
    "--path",
    "spec",
    metavar="NAME[:OPTION=VALUE,...]",
    help=f"A film along this path: {', '.join(PATHS.names())}. [default: interp]",
)
@click.option("--camera", "name", metavar="NAME", help="A picture from where this photograph was taken, instead.")
@click.option("--frames", type=int, default=240, show_default=True, help="Frames of the film.")
@click.option("--fps", type=int, default=30, show_default=True, help="Frames a second of the film.")
@click.option("--size", metavar="WxH", help="Pixels. [default: those of the photographs]")
@click.option("--fov", type=float, help="Field of view from bottom to top, degrees. [default: the photographs']")
@click.option(
    "--show",
    type=click.Choice(["color", "depth", "alpha"]),
    default="color",
    show_default=True,
    help="Depth is white near and black far; alpha is how much of a pixel the scene covers.",
)
@click.option("--background", default="black", show_default=True, metavar="COLOR", help="black, white, or #rrggbb.")
@click.option("--step", type=int, help="Steps of training after which it is shown. [default: the last kept]")
@click.option("--trained-on", type=Path, help="Where the photographs are now. [default: where they were]")
@click.option("--backend", default="auto", show_default=True, help="Rasteriser.")
@click.option("-o", "--output", type=Path, help="[default: RESULT/renders/traj_PATH_STEP.mp4, or NAME_STEP.png]")
def render(
    result: Path,
    spec: str | None,
    name: str | None,
    frames: int,
    fps: int,
    size: str | None,
    fov: float | None,
    show: str,
    background: str,
    step: int | None,
    trained_on: Path | None,
    backend: str,
    output: Path | None,
) -> None:
    """Film a trained scene, the folder RESULT of `helios scene train`, along a path.

    interp flies through the cameras of the photographs on a short way, spiral turns before or around what they show,
    ellipse goes once around it. A path has options, as in --path spiral:turns=3. Films end in .mp4, .webm or .mkv,
    pictures in .png.
    """
    if spec is not None and name is not None:
        raise InputError("--path and --camera: a film along a path or a picture from a camera, only one can be given")
    path = PATHS.make(spec or "interp")
    pixels, colour = None if size is None else parse_size(size), _colour(background)
    _check(name, frames, fps, fov, pixels, output)
    from helios.photos.film import Camera, Shot, lens_of, make_film, make_picture, photograph_named, resized
    from helios.photos.trained import load_trained
    from helios.rendering.opaque import choose

    trained = load_trained(result, step)
    dataset = trained.dataset(trained_on)
    photographs = [*dataset.train, *dataset.test]
    shot = Shot(trained, choose(backend), show, colour)
    if name is not None:
        photo = photograph_named(photographs, name)
        camera = resized(photo, pixels)
        target = output or result / "renders" / f"{Path(photo.name.replace('/', '_')).stem}_{trained.step}.png"
        _folder_for(target)
        depths = make_picture(target, shot, camera, f"of the photograph {photo.name}, step {trained.step}")
        echo(f"wrote {target}: {camera.width} x {camera.height} px, {len(trained):,} splats of step {trained.step:,}")
    else:
        seen = sorted(photographs, key=lambda photo: photo.name)
        width, height = pixels or (seen[0].width // 2 * 2, seen[0].height // 2 * 2)
        target = output or result / "renders" / f"traj_{(spec or 'interp').partition(':')[0]}_{trained.step}.mp4"
        check_film(target, (width, height), fps)
        _folder_for(target)
        find_ffmpeg()
        import numpy as np

        K = lens_of(seen, (width, height), fov)
        way = path(np.stack([photo.viewmat for photo in seen]), frames)
        depths = make_film(target, shot, [Camera(viewmat, K, width, height) for viewmat in way], fps, _meter())
        echo(f"wrote {target}: {frames:,} frames of {width} x {height} px, {frames / fps:.2f} s")
    if show == "depth":
        echo(f"depth {depths[0]:.4g} is white, {depths[1]:.4g} black" if depths else "nothing of the scene is in view")


def _check(name, frames, fps, fov, pixels, output) -> None:
    endings, kind = (ENDINGS, "a film") if name is None else ((".png",), "a picture")
    if output is not None and output.suffix.lower() not in endings:
        more = "; a picture needs --camera NAME" if name is None and output.suffix.lower() == ".png" else ""
        raise InputError(f"-o {output}: {kind} must end in {', '.join(endings)}{more}")
    if not FRAMES[0] <= frames <= FRAMES[1]:
        raise InputError(f"--frames {frames}: must be from {FRAMES[0]} to {FRAMES[1]:,}")
    if fov is not None and name is not None:
        raise InputError("--fov: a picture has the field of view of its photograph; leave it out")
    if fov is not None and not 1 <= fov <= 170:
        raise InputError(f"--fov {fov}: must be from 1 to 170 degrees")
    if name is None and pixels is not None:
        check_film(output or Path("film.mp4"), pixels, fps)
    elif pixels is not None and not 1 <= min(pixels) <= max(pixels) <= 16_384:
        raise InputError(f"--size {pixels[0]}x{pixels[1]}: both sides must be from 1 to 16,384 pixels")


def _colour(text: str) -> tuple[float, float, float]:
    hexadecimal = {"black": "#000000", "white": "#ffffff"}.get(text.lower(), text)
    match = re.fullmatch(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", hexadecimal)
    if not match:
        raise InputError(f"--background {text}: must be black, white, or #rrggbb as in #336699")
    red, green, blue = (int(digits, 16) / 255 for digits in match.groups())
    return red, green, blue


def _folder_for(target: Path) -> None:
    from helios.files import check_file

    check_file(target)
    if target.parent.name == "renders":
        target.parent.mkdir(exist_ok=True)
    if not target.parent.is_dir():
        raise InputError(f"{target}: must be a file in a directory that exists")


def _meter() -> Callable[[int, int], None]:
    shown = sys.stderr.isatty()

    def on_frame(done: int, of: int) -> None:
        if shown:
            click.echo(f"\rframe {done:,} of {of:,}", nl=done == of, err=True)

    return on_frame
