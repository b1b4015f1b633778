"""Click options made from the fields of a frozen dataclass, so that defaults and help are defined in one place."""

import dataclasses
import re
from collections.abc import Callable
from typing import Any

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
            command = click.option(name_of(field), field.name, **settings_of(field))(command)
        return command

    return decorate


def name_of(field: dataclasses.Field) -> str:
    """Return the name of the option of a field: --image-size for `image_size`."""
    return "--" + field.name.replace("_", "-")


def settings_of(field: dataclasses.Field) -> dict[str, Any]:
    """Return the arguments for `click.option` of a field that `helios.options.option` made."""
    shown = {"default": field.default, "show_default": field.default not in (None, ()), "help": field.metadata["help"]}
    return shown | field.metadata["click"]


def parse_size(text: str) -> tuple[int, int]:
    """Return the width and height that `text`, WIDTHxHEIGHT, says. Raises InputError for another text."""
    match = re.fullmatch(r"(\d{1,9})[xX×](\d{1,9})", text.strip())
    if not match:
        raise InputError(f"--size {text}: must be WIDTHxHEIGHT in pixels, as in 1280x720")
    return int(match[1]), int(match[2])
