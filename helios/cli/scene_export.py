"""`helios scene export`."""

from __future__ import annotations

from pathlib import Path

import click

from helios.cli.printing import echo
from helios.photos.formats import SCENE_FORMATS


@click.command()
@click.argument("result", type=Path)
@click.option("--step", type=int, help="Steps of training after which it is written. [default: the last kept]")
@click.option(
    "-o",
    "--output",
    type=Path,
    help=f"File to write, ending in .{', .'.join(SCENE_FORMATS.names())}. [default: RESULT/ply/point_cloud_STEP.ply]",
)
def export(result: Path, step: int | None, output: Path | None) -> None:
    """Write a trained scene, the folder RESULT of `helios scene train` or a .ply, in a format that other programs read.

    ply is the format of 3D Gaussian splatting, whole; pt is gsplat's checkpoint; spz is Niantic's compressed format,
    splat that of antimatter15's viewer, with one colour for all sides.
    """
    from helios.errors import InputError
    from helios.photos.export import export_scene, format_of
    from helios.photos.formats.splats import SceneSplats
    from helios.photos.ply import read_ply
    from helios.photos.trained import load_trained

    if output is not None:
        format_of(output)
    if result.suffix.lower() == ".ply" and result.is_file():
        if step is not None or output is None:
            raise InputError(f"{result}: of a .ply there is one step; say with -o what to write, and leave --step out")
        scene = read_ply(result)
        target = output
    else:
        trained = load_trained(result, step)
        scene = SceneSplats(trained.params, trained.antialiased, trained.step)
        target = output or result / "ply" / f"point_cloud_{trained.step}.ply"
        if output is None:
            target.parent.mkdir(exist_ok=True)
    notes = export_scene(scene, target)
    size = target.stat().st_size
    echo(f"wrote {target}: {len(scene):,} splats, spherical harmonics of degree {scene.degree}, {size:,} bytes")
    for note in notes:
        echo(note)
