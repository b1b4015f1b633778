"""HATS catalogues: Parquet files by HEALPix pixel, in a directory that lists the pixels (IVOA note, "HATS").

The Parquet reader reads the files themselves, one after another.
"""

from __future__ import annotations

from pathlib import Path

from helios.errors import InputError


def is_hats(path: Path) -> bool:
    """Return whether the directory `path` is a HATS catalogue or a collection of HATS catalogues."""
    names = ("hats.properties", "properties", "collection.properties")
    return any((path / name).is_file() for name in names)


def hats_files(path: Path) -> list[tuple[Path, str]]:
    """Return the files of the HATS catalogue `path`, pixel by pixel, each with its name inside the catalogue.

    Raises InputError where the `hats` library is not installed, and for a collection, an index, a margin, or a
    catalogue whose metadata is damaged. Files that are listed but missing are noticed only when opened.
    """
    if (path / "collection.properties").is_file():
        raise InputError(f"{path}: is a collection of HATS catalogues; name the one in it that has the stars")
    try:
        import hats
    except ImportError as error:
        if error.name != "hats":
            raise InputError(f"{path}: is a HATS catalogue, and the hats library here is broken: {error}") from error
        raise InputError(
            f"{path}: is a HATS catalogue, which needs the hats library: pip install helios-planetarium[hats], or name "
            "the folder dataset in it to read whatever is there"
        ) from error
    from helios.catalog.file_reader import parsing

    with parsing(path, "HATS catalogue"):
        catalog = hats.read_hats(path, single_catalog=True, read_moc=False)
        kind = str(catalog.catalog_info.catalog_type)
        if kind not in ("object", "source"):
            raise InputError(f"{path}: a HATS catalogue of type {kind}, must be one of objects or sources")
        pixels = [Path(str(file)) for file in catalog.get_pixel_paths()]
    files = [file for pixel in pixels for file in (sorted(pixel.rglob("*.parquet")) if pixel.is_dir() else [pixel])]
    if not files:
        raise InputError(f"{path}: a HATS catalogue without a pixel")
    return [(file, file.relative_to(path).as_posix()) for file in files]
