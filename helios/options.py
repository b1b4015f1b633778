"""Fields of configuration dataclasses that carry their own help text and limits."""

import dataclasses
from typing import Any

from helios.errors import InputError


def option(default: Any, help: str, limits: tuple[float, float] | None = None, **click_arguments: Any) -> Any:
    """A dataclass field with its help text, its least and greatest value, and `click.option` arguments."""
    return dataclasses.field(default=default, metadata={"help": help, "limits": limits, "click": click_arguments})


def check_limits(config: Any) -> None:
    """Raise InputError, naming option, value and limits, where a field of the dataclass `config` is outside its own."""
    for field in dataclasses.fields(config):
        limits, value = field.metadata.get("limits"), getattr(config, field.name)
        if limits and not limits[0] <= value <= limits[1]:
            name = "--" + field.name.replace("_", "-")
            raise InputError(f"{name} {value}: must be from {limits[0]:g} to {limits[1]:g}")
