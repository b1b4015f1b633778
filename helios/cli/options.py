"""Click options made from the fields of a frozen dataclass, so that defaults and help are defined in one place."""

import dataclasses
from collections.abc import Callable

import click


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
