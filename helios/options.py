"""Fields of configuration dataclasses that carry their help text and limits, and the one way to check these."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from helios.errors import InputError

T = TypeVar("T")

Exclusion = tuple[tuple[str, ...], tuple[str, ...], str]
"""Two groups of attributes of a configuration, of which only one may be given, and what to say where both are."""


def option(
    default: Any,
    help: str,
    limits: tuple[float, float] | None = None,
    *,
    open: bool = False,
    unit: str = "",
    **click_arguments: Any,
) -> Any:
    """Return a dataclass field with its help text, its least and greatest value, and arguments for `click.option`.

    The limits themselves are allowed unless they are `open`; infinite ones, open, allow every number. `unit` follows
    them in messages.
    """
    metadata = {"help": help, "limits": limits, "open": open, "unit": unit, "click": click_arguments}
    return dataclasses.field(default=default, metadata=metadata)


def check_limits(config: Any, prefix: str = "--") -> None:
    """Raise InputError, naming option, value and limits, if a field of the dataclass `config` is outside its limits.

    None, the value of an option that is not given, is within all limits; NaN is within none.
    """
    for field in dataclasses.fields(config):
        limits, value = field.metadata.get("limits"), getattr(config, field.name)
        if limits is None or value is None:
            continue
        low, high = limits
        if not (low < value < high if field.metadata["open"] else low <= value <= high):
            name = prefix + (field.name.replace("_", "-") if prefix == "--" else field.name)
            raise InputError(
                f"{name} {value}: must be {_bounds(low, high, field.metadata['open'], field.metadata['unit'])}"
            )


def _bounds(low: float, high: float, open: bool, unit: str) -> str:
    if not open:
        bounds = f"at least {low:g}" if math.isinf(high) else f"from {low:g} to {high:g}"
        return f"{bounds} {unit}".rstrip()
    number = f"a number of {unit}" if unit else "a number"
    words = [f"above {low:g}"] * math.isfinite(low) + [f"below {high:g}"] * math.isfinite(high)
    return f"{number} {' and '.join(words)}".rstrip()


def check_exclusions(config: Any, exclusions: Sequence[Exclusion]) -> None:
    """Raise InputError with the message of the first of `exclusions` that `config` is given both sides of."""
    for one, other, message in exclusions:
        if any(map(partial(_given, config), one)) and any(map(partial(_given, config), other)):
            raise InputError(message)


def _given(config: Any, name: str) -> bool:
    value = getattr(config, name)
    return value is not None and value is not False and value != ()


def parse_options(config: type[T], text: str, owner: str, **settings: Any) -> T:
    """Return the instance of the frozen dataclass `config` that `text`, OPTION=VALUE,OPTION=VALUE, describes.

    Options are the fields with a default, as whose type (bool, int, float or str) a value is read; the other fields
    take the values that `settings` has by their names. Messages begin with `owner`. Raises InputError for an unknown
    option, and for a value of another type or outside its field's limits.
    """
    every = dataclasses.fields(config)  # type: ignore[arg-type]
    fields = {field.name: field for field in every if field.default is not dataclasses.MISSING}
    values: dict[str, Any] = {field.name: settings[field.name] for field in every if field.name not in fields}
    for part in filter(None, text.split(",")):
        name, separator, value = (word.strip() for word in part.partition("="))
        if name not in fields or not separator:
            known = ", ".join(fields) or "none"
            raise InputError(f"{owner}: {part!r} must be OPTION=VALUE with an option of {known}")
        kind: Any = type(fields[name].default)
        try:
            values[name] = {"true": True, "false": False}[value.lower()] if kind is bool else kind(value)
        except (KeyError, ValueError):
            raise InputError(f"{owner}: {name}={value}: must be of the kind of {fields[name].default!r}") from None
    made = config(**values)
    check_limits(made, f"{owner}: ")
    return made


def configs_from(options: Mapping[str, Any], *configs: type) -> tuple[Any, ...]:
    """One instance of each of the dataclasses `configs`, made of those of `options` that are its fields.

    Lists become tuples. Raises TypeError, naming all that there are, for an option that none of them has.
    """
    fields = [{field.name for field in dataclasses.fields(config)} for config in configs]
    unknown = sorted(options.keys() - set().union(*fields))
    if unknown:
        known = ", ".join(sorted(set().union(*fields)))
        raise TypeError(f"no option {', '.join(unknown)} (there are {known})")
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
    return tuple(
        config(**{name: values[name] for name in names & values.keys()}) for config, names in zip(configs, fields)
    )
