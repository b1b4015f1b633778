"""`helios scene evaluate`: judges a trained scene by photographs that it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from helios.cli.printing import echo
from helios.photos.metrics import METRICS

UNITS = {"psnr": (".2f", " dB"), "ssim": (".4f", ""), "lpips": (".4f", ""), "flip": (".4f", "")}


@click.command("evaluate")
@click.argument("result", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Judge by another COLMAP data set of the same thing, aligned by photographs of the same names or else by what "
    "they show. [default: by the photographs held out of training]",
)
@click.option(
    "--data-factor",
    type=click.IntRange(1, 64),
    help="Reduce the photographs of --data by this factor. [default: as in training]",
)
@click.option(
    "--metrics",
    default=",".join(METRICS.names()),
    show_default=True,
    metavar="NAME,...",
    help="What to judge by. lpips needs --lpips-weights, flip the package flip-evaluator; without, they are null.",
)
@click.option(
    "--lpips-weights",
    type=click.Path(path_type=Path),
    metavar="FILE|FOLDER",
    help="Weights of LPIPS: torchvision's alexnet-owt-7be5be79.pth, vgg16-397923af.pth or squeezenet1_1-b8a52dc0.pth, "
    "or a folder with one.",
)
@click.option("--step", type=int, help="Judge the splats after so many steps. [default: the last checkpoint]")
@click.option(
    "--trained-on",
    type=click.Path(path_type=Path),
    help="Where the photographs of training are now. [default: where they were, as cfg.json says]",
)
@click.option("--backend", default="auto", show_default=True, help="Rasteriser: auto, gsplat, numba or torch.")
def evaluate(
    result: Path,
    data: Path | None,
    data_factor: int | None,
    metrics: str,
    lpips_weights: Path | None,
    step: int | None,
    trained_on: Path | None,
    backend: str,
) -> None:
    """Judge a trained scene by photographs that it has not seen.

    Writes RESULT/stats/val_stepN.json, or other_NAME_stepN.json with --data, and each photograph beside its render to
    RESULT/renders. Where photographs have masks, the metrics are given inside of them too; with --data also of the
    pixels that a photograph of training shows.
    """
    from helios.photos.evaluate import evaluate as judge
    from helios.rendering.opaque import choose

    names = tuple(name.strip() for name in metrics.split(",") if name.strip())
    found = judge(
        result,
        choose(backend),
        names,
        step=step,
        data=data,
        data_factor=data_factor,
        trained_on=trained_on,
        lpips_weights=lpips_weights,
        note=echo,
    )
    for line in _lines(found.content, names):
        echo(line)
    echo(f"wrote {found.stats}, and {found.content['count']} renders beside their photographs")


def _lines(content: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    """Return a line per area that was judged, and one for each metric without a number."""
    lines = [f"{content['num_GS']:,} splats after {content['step']:,} steps, {content['count']} photographs"]
    for ending, area in (("", "whole pictures"), ("_masked", "inside masks"), ("_covisible", "seen in training")):
        told = [
            f"{name} {content[key]:{UNITS.get(name, ('.4f', ''))[0]}}{UNITS.get(name, ('', ''))[1]}"
            for name in names
            if content.get(key := name + ending) is not None
        ]
        if told:
            share = f" ({100 * content['covisible_share']:.0f} % of pixels)" if ending == "_covisible" else ""
            lines.append(f"  {area}{share}: {', '.join(told)}")
    return lines + [f"  no {name}: {content[f'{name}_reason']}" for name in names if f"{name}_reason" in content]
