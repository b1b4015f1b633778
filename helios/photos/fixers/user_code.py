"""Functions and classes of the user's, by name."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from helios.errors import InputError


def check_name(name: str, owner: str, example: str) -> None:
    """Raise InputError, which begins with `owner`, unless `name` is MODULE:NAME or FILE.py:NAME."""
    if not all(name.rpartition(":")[::2]):
        raise InputError(f"{owner}={name}: must be MODULE:NAME or FILE.py:NAME, as in {example}")


def load_named(name: str, owner: str) -> Any:
    """Return what `name`, MODULE:NAME or FILE.py:NAME, stands for, which can be called.

    Raises InputError, which begins with `owner`, where it cannot be imported, or is not there.
    """
    where, _, attribute = name.rpartition(":")
    try:
        module = _from_file(Path(where)) if where.endswith(".py") else importlib.import_module(where)
    except (ImportError, OSError, SyntaxError) as error:
        raise InputError(f"{owner}: {where}: cannot be imported ({error})") from error
    found = getattr(module, attribute, None)
    if not callable(found):
        raise InputError(f"{owner}: {where} has no function or class {attribute}")
    return found


def _from_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"no Python file {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
