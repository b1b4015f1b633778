"""One table for each kind of thing that can be chosen by name: the names, and where what they stand for is found."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from helios.errors import InputError
from helios.options import parse_options


class Registry:
    """The entries of one kind (readers, backends, losses, ...) by name; each is imported when it is first asked for.

    A new entry is one file and one line: `"name": "package.module:attribute"`. Other packages add theirs as entry
    points of `group`, such as `helios.backends`; they cannot take a built-in name.
    """

    def __init__(self, kind: str, group: str, entries: dict[str, str]):
        self.kind, self.group = kind, group
        self._entries = {name: EntryPoint(name, target, group) for name, target in entries.items()}

    @cached_property
    def _foreign(self) -> dict[str, EntryPoint]:
        found = {entry.name: entry for entry in entry_points(group=self.group)}
        return {name: found[name] for name in sorted(found) if name not in self._entries}

    def names(self) -> tuple[str, ...]:
        """Return the built-in names in the order of registration, then the sorted names that other packages add."""
        return (*self._entries, *self._foreign)

    def check(self, name: str) -> None:
        """Raise InputError, naming the choices, if nothing is registered as `name`."""
        if name not in self._entries and name not in self._foreign:
            raise InputError(f"unknown {self.kind} {name!r} (choose from {', '.join(self.names())})")

    def get(self, name: str) -> Any:
        """Return what is registered as `name`. Raises InputError as `check` does."""
        if name in self._entries:
            return self._entries[name].load()
        self.check(name)
        return self._foreign[name].load()

    def make(self, spec: str, **settings: Any) -> Any:
        """Return what `spec`, NAME or NAME:OPTION=VALUE,OPTION=VALUE, asks for, made with these options.

        Only an entry that is a frozen dataclass has options: its fields with a default. Those without one take the
        value that `settings` has by their name. Raises InputError for an unknown name or option, and for a value
        outside its limits.
        """
        name, _, text = spec.partition(":")
        thing = self.get(name)
        if isinstance(thing, type) and dataclasses.is_dataclass(thing):
            return parse_options(thing, text, f"{self.kind} {name}", **settings)
        if text:
            raise InputError(f"{self.kind} {name}: has no options, got {text!r}")
        return thing

    def __repr__(self) -> str:
        return f"<Registry of {self.kind}s: {', '.join(self.names())}>"
