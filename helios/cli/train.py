"""`helios train-landmarks`, `train-all` and `train-cell`."""

import os
import sys
from pathlib import Path

import click

import helios
from helios.cli.options import options_from
from helios.cli.printing import echo
from helios.options import configs_from
from helios.rendering import BACKENDS
from helios.schedulers.config import SchedulerConfig
from helios.training.config import TrainConfig
from helios.training.run.run_config import RunConfig

_ANSWER = "finishing the cells in training; Ctrl-C again stops at once, without them"


def _train_options(command):
    """Add the options that the training commands share to `command`."""
    decorators = (
        click.option("--input", "source", type=Path, default="universe", show_default=True, help="Universe to train."),
        click.option(
            "--output",
            type=Path,
            default="universe_trained",
            show_default=True,
            help="Universe to write; may be --input.",
        ),
        click.option(
            "--levels/--no-levels",
            default=True,
            show_default=True,
            help="Train what stands for these cells in the levels of detail, and for those above and below them.",
        ),
        options_from(TrainConfig),
        click.option(
            "--backend",
            default="auto",
            show_default=True,
            metavar="|".join(("auto", *BACKENDS.names())),
            help="Rasteriser: gsplat needs CUDA; auto picks gsplat if it works, else numba.",
        ),
        options_from(RunConfig),
    )
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


@click.command("train-landmarks")
@click.option("--landmarks", type=Path, help="Landmarks (JSON); default: those of the universe.")
@click.option(
    "--neighbors", type=click.IntRange(0, 64), default=1, show_default=True, help="Cells around that of a landmark."
)
@_train_options
@options_from(SchedulerConfig)
def train_landmarks(
    landmarks: Path | None, neighbors: int, source: Path, output: Path, levels: bool, backend: str, **settings
):
    """Train the cells around landmarks and their neighbours.

    A cell within +-NEIGHBORS of a landmark's cell, in each of the three indices of the grid, is trained if it
    holds stars. A stopped run continues where it was; cells trained with the same settings are skipped.
    """
    from helios.landmarks.selection import select_around

    _check(settings)
    universe = helios.open(source)
    selection = select_around(universe, helios.load_landmarks(landmarks or universe.path / "landmarks.json"), neighbors)
    share = 100.0 * len(selection.cells) / len(universe)
    for name, reason in selection.homeless:
        echo(f"{name}: {reason}")
    echo(
        f"{selection.landmarks} landmarks in {len(selection.homes)} cells of {len(universe)}, "
        f"{len(selection.cells)} cells selected ({share:.1f} %)"
    )
    _run(universe, selection.cells, output, levels, backend, settings)


@click.command("train-all")
@_train_options
@options_from(SchedulerConfig)
def train_all(source: Path, output: Path, levels: bool, backend: str, **settings):
    """Train every cell of a universe.

    A stopped run continues where it was; cells trained with the same settings are skipped.
    """
    _check(settings)
    _run(source, None, output, levels, backend, settings)


@click.command("train-cell")
@click.option(
    "--cell", required=True, metavar="DEPTH_L_THETA_PHI|FILE.bin", help="A cell of --input, or a v1 cell file."
)
@_train_options
@click.pass_context
def train_cell(ctx: click.Context, cell: str, source: Path, output: Path, levels: bool, backend: str, **settings):
    """Train one cell of a universe, or one v1 cell file.

    Of a cell of the levels of detail that is split in the universe, what stands for it there is trained.
    The splats of a file are taken as its stars; the result is written as a file of the same kind to --output, by
    default beside it as NAME.trained.bin.
    """
    _check(settings)
    if cell.endswith(".bin"):
        from_default = ctx.get_parameter_source("output") is click.core.ParameterSource.DEFAULT
        _run_file(Path(cell), None if from_default else output, backend, settings)
    else:
        _run(source, cell, output, levels, backend, settings)


def _check(settings) -> None:
    """Raise InputError for invalid settings, BackendError without torch, before anything is read or printed."""
    from helios.rendering import require_torch

    require_torch()
    configs_from(settings, TrainConfig, RunConfig, SchedulerConfig)


def _run(universe, cells, output, levels, backend, settings):
    _show(
        lambda on_event, stop: helios.train(
            universe, cells, output, levels=levels, backend=backend, on_event=on_event, stop=stop, **settings
        ),
        lambda result: f"{result.path}: {result.trained} cells trained",
    )


def _run_file(source, output, backend, settings):
    config, run = configs_from(settings, TrainConfig, RunConfig)
    _show(
        lambda on_event, stop: helios.train_cell_file(
            source, output, backend=backend, on_event=on_event, stop=stop, **vars(config), **vars(run)
        ),
        lambda result: f"wrote {result.path}: {len(result.results[0].splats)} splats",
    )


def _show(train, last_words):
    """Show the events and the result of `train(on_event, stop)`; exit if the user stops it at once."""
    from helios.cli.interrupt import STOPPED, Interrupts
    from helios.cli.meter import Meter
    from helios.cli.training_report import print_summary

    with Interrupts() as interrupts:
        try:
            with Meter(named=False) as meter:
                result = train(interrupts.answering(meter, _ANSWER), interrupts.asked)
        except KeyboardInterrupt:
            echo("stopped at once: the cells in training are not kept, all before are; the same command goes on")
            sys.stdout.flush()
            os._exit(STOPPED)  # a normal exit would wait for threads in the middle of long kernels
    print_summary(result, last_words)
    if result.left:
        sys.exit(STOPPED)
