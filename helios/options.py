"""Fields of configuration dataclasses that carry their help text and limits, and the one way to check these."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, TypeVar

from helios.errors import InputError

T = TypeVar("T")


def option(default: Any, help: str, limits: tuple[float, float] | None = None, **click_arguments: Any) -> Any:
    """Return a dataclass field with its help text, its least and greatest value, and arguments for `click.option`."""
    return dataclasses.field(default=default, metadata={"help": help, "limits": limits, "click": click_arguments})


def check_limits(config: Any, prefix: str = "--") -> None:
    """Raise InputError, naming option, value and limits, if a field of the dataclass `config` is outside its limits.

    None, the value of an option that is not given, is within all limits; NaN is within none.
    """
    for field in dataclasses.fields(config):
        limits, value = field.metadata.get("limits"), getattr(config, field.name)
        if limits is None or value is None or limits[0] <= value <= limits[1]:
            continue
        name = prefix + (field.name.replace("_", "-") if prefix == "--" else field.name)
        bounds = f"at least {limits[0]:g}" if math.isinf(limits[1]) else f"from {limits[0]:g} to {limits[1]:g}"
        raise InputError(f"{name} {value}: must be {bounds}")


def parse_options(config: type[T], text: str, owner: str) -> T:
    """Return the instance of the frozen dataclass `config` that `text`, OPTION=VALUE,OPTION=VALUE, describes.

    A value is read as the type of its field's default (bool, int, float or str). Messages begin with `owner`. Raises
    InputError for an unknown option, and for a value of another type or outside its field's limits.
    """
    fields = {field.name: field for field in dataclasses.fields(config)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        name, separator, value = (word.strip() for word in part.partition("="))
        if name not in fields or not separator:
            known = ", ".join(fields) or "none"
            raise InputError(f"{owner}: {part!r} must be OPTION=VALUE with an option of {known}")
        kind = type(fields[name].default)
        try:
            values[name] = {"true": True, "false": False}[value.lower()] if kind is bool else kind(value)
        except (KeyError, ValueError):
            raise InputError(f"{owner}: {name}={value}: must be of the kind of {fields[name].default!r}") from None
    made = config(**values)
    check_limits(made, f"{owner}: ")
    return made
