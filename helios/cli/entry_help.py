"""The end of a command's help: the options of what is chosen by name, as in --path spiral:turns=3."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import click

from helios.registry import Registry


class EntryCommand(click.Command):
    """A command with options that name entries of `registries`, by the option: their own options come last in its help.

    Entries are imported when the help is asked for.
    """

    def __init__(self, *arguments: Any, registries: Mapping[str, Registry], **settings: Any):
        super().__init__(*arguments, **settings)
        self.registries = registries

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a section for each entry that has options: what each is unless it is given, and its help."""
        for option, registry in self.registries.items():
            for name in registry.names():
                if records := _options_of(registry.get(name)):
                    with formatter.section(f"{option} {name}:OPTION=VALUE,..."):
                        formatter.write_dl(records)
        super().format_epilog(ctx, formatter)


def _options_of(entry: Any) -> list[tuple[str, str]]:
    if not (isinstance(entry, type) and dataclasses.is_dataclass(entry)):
        return []
    fields = [field for field in dataclasses.fields(entry) if "help" in field.metadata]
    return [(f"{field.name}={_written(field.default)}", field.metadata["help"]) for field in fields]


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
