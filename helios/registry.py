"""One table per kind of thing: a name, and where the thing that answers to it is found."""

import importlib
from typing import Any

from helios.errors import InputError


class Registry:
    """Names of one kind (readers, backends, losses, ...), each imported only when it is asked for.

    A new entry is one file and one line: `"name": "package.module:attribute"`.
    """

    def __init__(self, kind: str, entries: dict[str, str]):
        self.kind = kind
        self._entries = dict(entries)

    def names(self) -> tuple[str, ...]:
        """The registered names, in the order of registration."""
        return tuple(self._entries)

    def check(self, name: str) -> None:
        """Raise InputError, naming the choices, where nothing is registered as `name`."""
        if name not in self._entries:
            raise InputError(f"unknown {self.kind} {name!r} (choose from {', '.join(self._entries)})")

    def get(self, name: str) -> Any:
        """The thing registered as `name`; raises InputError as `check` does."""
        self.check(name)
        module, attribute = self._entries[name].split(":")
        return getattr(importlib.import_module(module), attribute)
