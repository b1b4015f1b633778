"""`helios scene train`."""

import os
import sys
from pathlib import Path

import click

from helios.cli.guide_options import GuideCommand, guide_options
from helios.cli.printing import echo
from helios.errors import InputError
from helios.options import configs_from
from helios.photos.data.options import DataOptions
from helios.photos.fit.config import GROUPS, FitConfig
from helios.photos.fit.run_options import RunOptions
from helios.photos.fixers import FIXERS
from helios.photos.fixers.options import FixOptions
from helios.photos.paths import PATHS

_ANSWER = "saving the state after this step; Ctrl-C again stops at once"
_HEADINGS = {
    "steps": "Steps",
    "size": "Splats",
    "drawing": "Drawing",
    "colour": "Colour",
    "losses": "Loss",
    "rates": "Optimiser",
    "cameras": "Cameras",
}


def _all_options(command):
    groups = [(_HEADINGS[name], config) for name, config in GROUPS]
    last = [("Novel views", FixOptions), ("Checkpoints and logs", RunOptions)]
    for heading, config in reversed([("Data", DataOptions), *groups, *last]):
        command = guide_options(heading, config)(command)
    return command


def _strategies():
    from helios.photos.density import DENSITY
    from helios.photos.density.options import OPTIONS

    return {name: OPTIONS.get(name) or DENSITY.get(name) for name in DENSITY.names()}


@click.command("train", cls=GuideCommand, strategies=_strategies, registries={"--fixer": FIXERS, "--novel-path": PATHS})
@click.argument("data", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder of the result.")
@click.option("--overwrite", is_flag=True, help="Begin anew where the output holds a training with other options.")
@click.option(
    "--backend",
    default="auto",
    show_default=True,
    help="Rasteriser: gsplat needs CUDA; auto picks gsplat if it works, else numba.",
)
@click.option("--strategy-option", "nested", multiple=True, hidden=True)
@_all_options
def train(data: Path, output: Path, overwrite: bool, backend: str, nested: tuple[str, ...], **settings):
    """Train the splats of a scene on photographs.

    DATA is a folder with images/ and a COLMAP model, such as `helios scene prepare` makes. The result's folder gets
    ckpts/ renders/ stats/ ply/ tb/. A run that was ended goes on by the same command, and ends with the same bytes.
    Names, with dashes or underscores, and defaults of options are those of gsplat's trainer; --steps-scaler 0.1 is a
    tenth of the training. An option of the strategy is --strategy.NAME VALUE: see the end of the list.
    """
    from helios.rendering import require_torch

    require_torch()
    from helios.photos.fit.options import SceneOptions
    from helios.photos.fit.run import train_scene
    from helios.rendering.opaque import choose

    settings["strategy"] = _with_nested(settings["strategy"], nested)
    configs = (DataOptions, FixOptions, RunOptions, *(config for _, config in GROUPS))
    data_options, fix, run, *groups = configs_from(settings, *configs)
    fit = FitConfig(**dict(zip((name for name, _ in GROUPS), groups)))
    options = SceneOptions(fit, data_options, fix)
    chosen = choose(backend, fit.drawing.packed)
    _show(
        lambda on_event, stop: train_scene(
            data, output, options, run, chosen, overwrite=overwrite, on_event=on_event, stop=stop
        )
    )


def _with_nested(strategy: str, nested: tuple[str, ...]) -> str:
    """Return the strategy with options that were given one by one. Raises InputError for one without a value."""
    for text in nested:
        if "=" not in text:
            raise InputError(f"--strategy.{text}: needs a value")
    if not nested:
        return strategy
    return strategy + ("," if ":" in strategy else ":") + ",".join(nested)


def _show(work):
    """Show the events and the result of `work(on_event, stop)`; exit as a run does that the user ends."""
    from helios.cli.interrupt import STOPPED, Interrupts
    from helios.cli.meter import Meter

    with Interrupts() as interrupts:
        try:
            with Meter(named=False) as meter:
                result = work(interrupts.answering(meter, _ANSWER), interrupts.asked)
        except KeyboardInterrupt:
            echo("stopped at once: what came after the last checkpoint is not kept; the same command goes on")
            sys.stdout.flush()
            os._exit(STOPPED)  # a normal exit would wait for threads in the middle of long kernels
    echo(_last_words(result))
    if result.left:
        sys.exit(STOPPED)


def _last_words(result) -> str:
    if result.already:
        return f"{result.folder}: trained already, {result.step:,} steps with these options"
    if result.left:
        return (
            f"stopped after step {result.step:,}: {result.left:,} steps are left, the same command goes on with them, "
            f"{result.seconds:.1f} s"
        )
    verdict = f", {result.verdict.words()}" if result.verdict else ""
    return f"{result.folder}: {result.splats:,} splats after {result.step:,} steps{verdict}, {result.seconds:.1f} s"
