"""Writes a folder that any static web server can serve: the viewer, the pack, and the exact stars of trained cells."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Iterable
from contextlib import nullcontext
from importlib.resources import as_file, files
from pathlib import Path, PurePosixPath
from typing import Any

from helios.errors import InputError, StoreError
from helios.files import read_json, replacing, sha256
from helios.packing import PACKS
from helios.packing.figures import CONSTELLATIONS, figures_text
from helios.packing.lit_places import with_star_counts
from helios.packing.names import at_their_stars, find_named, names_text
from helios.packing.pack import Pack, open_pack
from helios.packing.pack_cells import Written
from helios.packing.solar import BODIES_JSON, EPHEMERIS, MOONS_JSON, solar_files
from helios.packing.tours import TOURS, Tour, embedded_tour, read_tour
from helios.packing.v1_index import CHECKSUMS
from helios.packing.v2.lookup import LOOKUP, read_lookup, write_lookup
from helios.packing.v2.reader import V2Pack
from helios.packing.v2.side import MOTION
from helios.pieces import digest_of
from helios.progress import Done, OnEvent, ignore
from helios.universe import Universe
from helios.universe.index import read_landmarks
from helios.universe.paths import LANDMARKS, pack_path

PAGE, SITE_MANIFEST, SITE_FILES = "index.html", "site.json", "files.json"
UNIVERSE, STARS = "universe", "stars"
PLACES = f"{UNIVERSE}/{LANDMARKS}.gz"
FIGURES = f"{UNIVERSE}/{CONSTELLATIONS}.gz"
CALLED, FOUND = f"{UNIVERSE}/names.json.gz", f"{UNIVERSE}/{LOOKUP}"
_SOLAR = {"ephemeris": EPHEMERIS, "moons": MOONS_JSON, "bodies": BODIES_JSON}
SOLAR = {what: f"{UNIVERSE}/{name}" for what, name in _SOLAR.items()}
SITE_VERSION = 1
LAYERS = {STARS: (0, 5.5), UNIVERSE: (4.5, None)}
"""How the viewer shows each pack of a site that needs a layer of stars, nearest first: from and up to so many radii of
a cell away from its centre, None for any distance. Where two ranges overlap the light of one gives way to that of the
other. A pack that has its own stars has no such range."""


class SiteResult(Written):
    """What a site holds: `cells` are those of its `universe/`, `splats` and `size_bytes` are all."""


def write_site(
    universe: Universe,
    directory: Path,
    *,
    pack: Path | None = None,
    viewer: Path | None = None,
    tours: Iterable[Path] = (),
    on_event: OnEvent = ignore,
) -> SiteResult:
    """Write the site of a packed universe and return what it holds.

    `directory` becomes: the viewer's files (`viewer`, or those of this package), `universe/` with the pack (that in
    the folder `pack`, or in the universe) and, gzipped, the landmarks, if there are any, where the universe has their
    stars and with how many it has at each, the figures of the constellations, unless its stars are made up, and what
    stars and places are called, if any name is known; `tours/` with the files `tours`, after the tour of this package
    where the universe has its places; of a pack v2 the identifiers of all stars in order; the ephemeris and the bodies
    of the solar system, if the universe has any; `stars/` with the exact stars of all cells where any cell is trained
    and the pack does not have them; `site.json`, which lists the packs as the viewer's layers, names these files, and
    has the epoch of stars whose motions the pack has; and `files.json`, which lists every other file with its size and
    SHA-256, has the universe's fingerprint, and is not fetched. No file per cell. The directory appears whole, in place
    of an older site: killed at any moment, the old site stays or a rerun makes the new one.

    Raises InputError where the directory holds anything but a site of Helios, or lies in the universe or its pack, or a
    tour is none or has the name of another;
    StoreError where there is no pack, the viewer is missing or the landmarks are damaged.
    """
    directory = Path(directory).resolve()
    folder = pack_path(Path(universe.path)) if pack is None else Path(pack)
    for source in (Path(universe.path), folder):
        require_place_for_site(directory, source)
    packed = open_pack(folder)
    with replacing(directory, lambda _: True, "site") as stage:  # the place was judged above
        _copy_viewer(viewer, stage)
        (stage / UNIVERSE).mkdir()
        for name in packed.files:
            shutil.copyfile(folder / name, stage / UNIVERSE / name)
        landmarks = read_landmarks(Path(universe.path))
        shipped = None
        named_stars = find_named(universe)
        if landmarks is not None:
            counted = with_star_counts(universe, at_their_stars(landmarks, named_stars))
            (stage / PLACES).write_bytes(gzip.compress(counted, mtime=0))
            shipped = embedded_tour(counted)
        if not any("synthetic" in source for source in universe.provenance["inputs"]):
            (stage / FIGURES).write_bytes(gzip.compress(figures_text().encode(), mtime=0))
        if (names := names_text(named_stars, landmarks)) is not None:
            (stage / CALLED).write_bytes(gzip.compress(names.encode(), mtime=0))
        if isinstance(packed, V2Pack):
            write_lookup(packed, stage / UNIVERSE)
        for name, content in solar_files(Path(universe.path)).items():
            (stage / UNIVERSE / name).write_bytes(content)
        splats = packed.result.splats
        if universe.trained.any() and packed.star_layer is not None:
            (stage / STARS).mkdir()
            layer = PACKS.make(packed.star_layer)
            stars = layer.write(universe, stage / STARS, stars_only=True, on_event=on_event)
            splats += stars.result.splats
        folders = [folder for folder in LAYERS if (stage / folder).is_dir()]
        radii = {folder: None if packed.star_layer is None else LAYERS[folder] for folder in folders}
        layers = [
            {"folder": folder, "format": packed.format, "radii": radii[folder], **_checksums_in(stage / folder)}
            for folder in folders
        ]
        optional = {"landmarks": PLACES, "constellations": FIGURES, "names": CALLED, "lookup": FOUND, **SOLAR}
        named: dict[str, Any] = {what: path for what, path in optional.items() if (stage / path).is_file()}
        if (epoch := _epoch_of(universe, packed)) is not None:
            named["epoch"] = epoch
        named |= _write_tours(stage, [*([shipped] if shipped else []), *map(read_tour, tours)])
        _write_json(stage / SITE_MANIFEST, {"version": SITE_VERSION, "layers": layers, **named})
        listed = [{**file, "sha256": sha256(stage / file["path"])} for file in _list_files(stage)]
        files = {"version": SITE_VERSION, "universe": universe.fingerprint, "files": listed}
        _write_json(stage / SITE_FILES, files | {"sha256": digest_of(files)})
    size = sum(file["size"] for file in listed)
    result = SiteResult(directory, len(packed), packed.result.trained_cells, splats, size)
    on_event(Done(result))
    return result


def require_place_for_site(directory: Path, universe: Path) -> None:
    """Raise InputError where `directory` is in or around `universe`, or holds anything but a site of Helios."""
    directory, universe = Path(directory).resolve(), Path(universe).resolve()
    if directory.is_relative_to(universe) or universe.is_relative_to(directory):
        raise InputError(f"{directory}: a site and its universe {universe} must not lie in each other")
    if not directory.exists():
        return
    if not directory.is_dir():
        raise InputError(f"{directory}: is a file, a site is a directory")
    if not any(directory.iterdir()):
        return
    remedy = "choose another directory or empty this one"
    if not _listing(directory).is_file():
        raise InputError(f"{directory}: is not empty and no site of Helios ({remedy})")
    if extra := _foreign(directory):
        raise InputError(f"{directory}: holds {extra}, which is no part of the site ({remedy})")


def check_site(directory: Path) -> int:
    """Return the number of cells of a site after reading every one of them; cost: one pass over its packs.

    Raises InputError where there is no site, StoreError where a file is missing, cut short or damaged.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise InputError(f"{directory}: no such directory (make a site with `helios pack --site {directory}`)")
    if not (directory / PAGE).is_file():
        raise InputError(f"{directory}: has no {PAGE} (make a site with `helios pack --site {directory}`)")
    if not _listing(directory).is_file():
        return 0
    for file in _manifest_files(directory):
        path = directory / file["path"]
        if not path.is_file():
            raise StoreError(f"{path}: missing; make the site again")
        if (size := path.stat().st_size) != file["size"]:
            raise StoreError(f"{path}: {size} bytes, {SITE_FILES} says {file['size']}")
        if sha256(path) != file["sha256"]:
            raise StoreError(f"{path}: damaged, its SHA-256 is not that in {SITE_FILES}; make the site again")
    if extra := _foreign(directory):
        raise StoreError(f"{directory / extra}: is not in {SITE_FILES}, and would be served; remove it")
    if (directory / FOUND).is_file():
        for _ in read_lookup(directory / UNIVERSE):
            pass  # each block is checked as it is read
    packs = [open_pack(directory / name) for name in (UNIVERSE, STARS) if (directory / name).is_dir()]
    for pack in packs:
        for number in range(len(pack)):
            pack.check(number)
    return sum(pack.result.cells for pack in packs)


def is_site_of(universe: Universe, directory: Path) -> bool:
    """Whether there is a site in `directory`, sound or not, that was made of `universe` as it was built."""
    try:
        return bool(read_json(Path(directory) / SITE_FILES, "").get("universe") == universe.fingerprint)
    except StoreError:
        return False


def site_time_ns(directory: Path) -> int:
    """When the site in `directory` was made, nanoseconds of its file system's clock."""
    return (Path(directory) / SITE_FILES).stat().st_mtime_ns


def _listing(directory: Path) -> Path:
    """Return the path of the list of a site's files: `files.json`, or `site.json` of a site of former versions."""
    files = directory / SITE_FILES
    return files if files.is_file() else directory / SITE_MANIFEST


def _foreign(directory: Path) -> str | None:
    """Return the path of a file in the site that its list lacks; None where there is none."""
    known = {file["path"] for file in _manifest_files(directory)} | {_listing(directory).name}
    return next((file["path"] for file in _list_files(directory) if file["path"] not in known), None)


def _epoch_of(universe: Universe, packed: Pack) -> float | None:
    """The Julian year at which stars are where the pack has them; None where it does not have their motions."""
    if not isinstance(packed, V2Pack) or MOTION not in packed.head.sides:
        return None
    return float(universe.provenance["options"]["epoch"])


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8", newline="\n")


def _write_tours(stage: Path, tours: list[Tour]) -> dict[str, Any]:
    """Write the files of `tours` and return what `site.json` says of them: nothing where there are none."""
    listed: list[dict[str, str]] = []
    for tour in tours:
        path = stage / TOURS / tour.name
        if path.exists():
            raise InputError(f"{tour.name}: two tours of the site are files of this name, rename one")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(tour.content)
        listed.append({"file": f"{TOURS}/{tour.name}", "title": tour.title})
    return {"tours": listed} if listed else {}


def _copy_viewer(viewer: Path | None, stage: Path) -> None:
    with as_file(files("helios") / "web") if viewer is None else nullcontext(viewer) as bundle:
        if not (bundle / PAGE).is_file():
            raise StoreError(f"{bundle / PAGE}: missing: build the viewer with `npm run build` in client_export/")
        shutil.copytree(bundle, stage, dirs_exist_ok=True)


def _checksums_in(folder: Path) -> dict[str, str]:
    """Return what `site.json` says of the checksums of a pack that keeps them in a file of their own."""
    return {"checksums": CHECKSUMS} if (folder / CHECKSUMS).is_file() else {}


def _list_files(root: Path) -> list[dict[str, Any]]:
    """Return path and size of everything under `root` that is no directory, sorted; links are not followed."""
    found = []
    for folder, folders, names in os.walk(root):
        for name in (*names, *(f for f in folders if (Path(folder) / f).is_symlink())):
            path = Path(folder) / name
            found.append({"path": path.relative_to(root).as_posix(), "size": path.lstat().st_size})
    return sorted(found, key=lambda file: file["path"])


def _manifest_files(directory: Path) -> list[dict[str, Any]]:
    """Return the files of a site that `_listing` has, each a path inside the site and a size."""
    path = _listing(directory)
    document = read_json(path, "make the site again")
    if document.get("version") != SITE_VERSION:
        raise StoreError(f"{path}: version {document.get('version')!r}, this program reads version {SITE_VERSION}")
    digest = document.pop("sha256", None)
    if digest != digest_of(document):
        raise StoreError(f"{path}: damaged, it does not have its own checksum; make the site again")
    try:
        listed: list[dict[str, Any]] = [
            {"path": str(file["path"]), "size": int(file["size"]), "sha256": str(file["sha256"])}
            for file in document["files"]
        ]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise StoreError(f"{path}: damaged: its list of files does not read ({error!r})") from error
    for file in listed:
        relative = PurePosixPath(file["path"])
        if relative.is_absolute() or ".." in relative.parts or not file["path"].isprintable():
            raise StoreError(f"{path}: damaged: names {file['path']!a}, outside the site")
    return listed
