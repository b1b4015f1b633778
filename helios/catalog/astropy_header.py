"""What astropy writes of a table in YAML, into ECSV files and the metadata of others: columns, units, frames.

The format is that of ECSV, astropy's APE 6 (doi:10.5281/zenodo.4792325).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from helios.catalog.declared import Coordinates, Declared
from helios.errors import InputError

LARGEST_HEADER = 1 << 22
"""Most characters of a YAML header; that of the Gaia archive, with 152 columns, has 30,000."""

DEEPEST_HEADER = 50
"""Most levels of nesting in a header; that of the Gaia archive has 3."""

SERIALIZED = "__serialized_columns__"
"""Key of the metadata under which astropy says which columns make up a coordinate, a quantity or a masked column."""

TITLES = ("release", "table", "name", "query", "id")
"""Keys of the metadata, in small letters, whose texts may name the survey."""


def load_header(text: str, path: Path) -> dict[str, Any]:
    """Return the YAML table `text`; a node with an unknown tag is what it holds. Raises InputError for anything else.

    `path` begins messages.
    """
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """A safe loader that ignores unknown tags, and knows no merge keys: a few of these hold more than memory."""

        def flatten_mapping(self, node):
            pass

    def plain(loader, suffix, node):
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None

    Loader.add_multi_constructor("!", plain)
    if len(text) > LARGEST_HEADER:
        raise InputError(f"{path}: the ECSV header has {len(text):,} characters, at most {LARGEST_HEADER:,}")
    try:
        _check_size(yaml.parse(text, Loader), path)
        content = yaml.load(text, Loader)
    except InputError:
        raise
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        message = " ".join(str(error).split())[:200]
        raise InputError(f"{path}: the ECSV header is no YAML ({message}); download it again") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: the ECSV header must be a YAML table with 'datatype'")
    return content


def _check_size(events: Iterable[Any], path: Path) -> None:
    """Raise InputError where the YAML of these `events` is nested too deep, or too large with all aliases written out.

    The fast loader recurses on the limited C stack; iterating over its events does not. A few lines of aliases of
    aliases hold more than memory.
    """
    import yaml

    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = []
    size = 0
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, size))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            if anchor:
                sizes[anchor] = size - before
        elif isinstance(event, yaml.AliasEvent):
            size += sizes.get(event.anchor, LARGEST_HEADER)  # unknown where it holds itself
        elif isinstance(event, yaml.ScalarEvent):
            size += 1 + len(event.value)
            if event.anchor:
                sizes[event.anchor] = 1 + len(event.value)
        if len(open_nodes) > DEEPEST_HEADER:
            raise InputError(f"{path}: the ECSV header is nested more than {DEEPEST_HEADER} deep")
        if size >= LARGEST_HEADER:
            raise InputError(f"{path}: the ECSV header has {LARGEST_HEADER:,} characters with its aliases written out")


def declared_by(content: Mapping[str, Any], path: Path) -> Declared:
    """Return what the header `content` declares. Raises InputError unless it lists the columns, each with a name."""
    columns = content.get("datatype")
    if not isinstance(columns, list) or not all(
        isinstance(column, dict) and isinstance(column.get("name"), str | int | float) for column in columns
    ):
        raise InputError(f"{path}: the ECSV header must list the columns under 'datatype', each with a name")
    names = [str(column["name"]) for column in columns]
    units = {n: str(c["unit"]) for n, c in zip(names, columns) if isinstance(c.get("unit"), str | int | float)}
    meta = dict(_pairs(content.get("meta")))
    coordinates: dict[str, Coordinates] = {}
    for key, parts in _pairs(meta.get(SERIALIZED)):
        parts = dict(_pairs(parts))
        if isinstance(parts.get("frame"), str):
            epochs = [_epoch(parts.get(word)) for word in ("equinox", "obstime")]
            told = Coordinates(parts["frame"], epochs[0], epochs[1], "SkyCoord")
            coordinates |= {name: told for name in names if name.startswith(f"{key}.")}
        unit = dict(_pairs(parts.get("unit"))).get("unit")
        if isinstance(unit, str):
            units.setdefault(str(key), unit)
    titles = tuple(text for key, text in meta.items() if str(key).lower() in TITLES and isinstance(text, str))
    notes: tuple[str, ...] = ()
    status = next((text for key, text in meta.items() if str(key).upper() == "QUERY_STATUS"), "OK")
    if isinstance(status, str) and status.upper() != "OK":
        notes = (f"says QUERY_STATUS {status[:40]!r}: its service left rows out",)
    return Declared(names, units, coordinates, titles, notes)


def _pairs(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the items of a mapping, or of an ordered one, which YAML has as a list; nothing of other values."""
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from (pair for pair in value if isinstance(pair, tuple) and len(pair) == 2)


def _epoch(time: Any) -> str:
    """Return the text of an epoch that astropy wrote as a Time; empty where there is none."""
    parts = dict(_pairs(time))
    days = [day for day in (parts.get("jd1"), parts.get("jd2")) if isinstance(day, int | float)]
    return f"JD{sum(days)!r}" if len(days) == 2 else ""
