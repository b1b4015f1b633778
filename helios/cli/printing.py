"""What commands print: text of files and names of files have no say over the terminal."""

from __future__ import annotations

import click


def printable(text: str) -> str:
    """Return `text` as one line that a terminal only shows: other characters as Python writes them, such as `\\x1b`."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in text
    )


def echo(line: str) -> None:
    """Print `line`, made `printable`, to standard output."""
    click.echo(printable(line))
