"""Click options made from the fields of a frozen dataclass, so that defaults and help are defined in one place."""

import dataclasses
import re
from collections.abc import Callable

import click

from helios.errors import InputError


def options_from(config: type) -> Callable:
    """Return a decorator that adds an option per `helios.options.option` field of the dataclass `config`, in order.

    `image_size` becomes `--image-size`; the type is that of the default unless the field gives another.
    """

    def decorate(command):
        for field in reversed(dataclasses.fields(config)):
            if "help" not in field.metadata:
                continue
            arguments = {
                "default": field.default,
                "show_default": field.default is not None,
                "help": field.metadata["help"],
            }
            arguments |= field.metadata["click"]
            command = click.option("--" + field.name.replace("_", "-"), field.name, **arguments)(command)
        return command

    return decorate


def parse_size(text: str) -> tuple[int, int]:
    """Return the width and height that `text`, WIDTHxHEIGHT, says. Raises InputError for another text."""
    match = re.fullmatch(r"(\d{1,9})[xX×](\d{1,9})", text.strip())
    if not match:
        raise InputError(f"--size {text}: must be WIDTHxHEIGHT in pixels, as in 1280x720")
    return int(match[1]), int(match[2])
