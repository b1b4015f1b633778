"""`helios scene`: splats of a thing from photographs of it. Its subcommands are imported only when they are used."""

import click

from helios.cli import LazyGroup

COMMANDS = {
    "prepare": ("helios.cli.scene_prepare:prepare", "Find where photographs were taken from."),
    "train": ("helios.cli.scene_train:train", "Train the splats of a scene."),
    "evaluate": ("helios.cli.scene_evaluate:evaluate", "Judge a trained scene by photographs that it has not seen."),
    "render": ("helios.cli.scene_render:render", "Film a trained scene along a path."),
    "export": ("helios.cli.scene_export:export", "Write a trained scene in a format that other programs read."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def scene():
    """Train Gaussian splats of a moon, a comet, a telescope from photographs of it."""
