"""The `helios` command: it parses, calls the library and prints. Subcommands are imported only when they are used."""

import errno
import importlib
import io
import os
import sys

import click

from helios import __version__
from helios.cli.printing import printable
from helios.collecting import collect_seldom
from helios.errors import HeliosError

COMMANDS = {
    "fetch": ("helios.cli.fetch:fetch", "Fetch stars of an archive, in pieces that resume, as a Parquet file."),
    "build": ("helios.cli.build:build", "Make a universe of stars: bin a catalogue into the cells of the grid."),
    "train-landmarks": ("helios.cli.train:train_landmarks", "Train the cells around landmarks and their neighbours."),
    "train-all": ("helios.cli.train:train_all", "Train every cell of a universe."),
    "train-cell": ("helios.cli.train:train_cell", "Train one cell of a universe, or one v1 cell file."),
    "pack": ("helios.cli.pack:pack", "Pack a universe for a web client, or make a whole site of it."),
    "tour": ("helios.cli.tour:tour", "Make a tour of landmarks for a site's visitors."),
    "serve": ("helios.cli.serve:serve", "Serve a site to the browser of this machine."),
    "render": ("helios.cli.render:render", "Take a picture, a map of all the sky, or a film of a universe."),
    "scene": ("helios.cli.scene:scene", "Train splats of a thing from photographs of it."),
    "export": ("helios.cli.export:export", "Write cells in a format that other programs read."),
    "report": ("helios.cli.report:report", "Write a page about a universe that anyone can read."),
    "info": ("helios.cli.info:info", "Tell what is in a universe and what it was made of."),
    "validate": ("helios.cli.validate:validate", "Check a universe: every file, every star, every splat."),
    "grid": ("helios.cli.grid:grid", "Look at the grid: its shells, the cell of a place, the cells of a range."),
    "generate-landmarks": (
        "helios.cli.landmarks:generate_landmarks_command",
        "Make a list of landmarks from a catalogue.",
    ),
}


class LazyGroup(click.Group):
    """A group that knows of each command its name, where it is and a line of help, and imports it only to run it."""

    def __init__(self, *args, lazy: dict[str, tuple[str, str]], **settings):
        super().__init__(*args, **settings)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lazy:
            return None
        module, attribute = self.lazy[cmd_name][0].split(":")
        return getattr(importlib.import_module(module), attribute)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_line) for name, (_, help_line) in self.lazy.items()])

    def invoke(self, ctx: click.Context):
        collect_seldom()
        try:
            return super().invoke(ctx)
        except HeliosError as error:
            raise _told(str(error)) from error
        except MemoryError as error:
            raise _told("there is not enough memory; fewer --workers take less, as do smaller inputs") from error
        except UnicodeEncodeError as error:
            if not error.reason.startswith("surrogates") and error.encoding not in ("ascii", "latin-1"):
                raise
            raise _told(f"{error.object}: a name that is no text in {error.encoding}; give it another") from error
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
            raise _told(f"{place}{error.strerror or error}") from error


def _told(text: str) -> click.ClickException:
    return click.ClickException(printable(text))


def _open_streams() -> None:
    """Give a process that was started with closed standard streams some, which lead nowhere.

    A file that is opened later would otherwise become the standard output, and be written to.
    """
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(handle)
    for number, name in ((0, "stdin"), (1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))


@click.group(
    cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120}
)
@click.version_option(__version__, prog_name="helios")
def main():
    """Turn star catalogues into a universe of Gaussian splats that a browser flies through."""
    if not __debug__:
        raise click.ClickException(
            "Python runs with -O or PYTHONOPTIMIZE, with which zarr reads no store; leave it out"
        )
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
