"""A scene as one file that other programs read, in any format of `SCENE_FORMATS`."""

from __future__ import annotations

from pathlib import Path

from helios.errors import InputError
from helios.files import check_file, staged
from helios.photos.formats import SCENE_FORMATS
from helios.photos.formats.splats import SceneSplats


def format_of(file: Path) -> str:
    """Return the format that the ending of `file` names. Raises InputError where there is none of that name."""
    name = file.suffix.lower().removeprefix(".")
    if name not in SCENE_FORMATS.names():
        endings = ", ".join(f".{known}" for known in SCENE_FORMATS.names())
        raise InputError(f"-o {file}: a scene must end in {endings}")
    return name


def export_scene(scene: SceneSplats, file: Path) -> tuple[str, ...]:
    """Write `scene` to `file`, whole or not at all, and return what its format could not hold, a line each.

    The same scene gives the same bytes. Raises InputError as `format_of` and `SceneSplats.check` do, for what the
    format cannot hold at all, and where no file can be written.
    """
    write = SCENE_FORMATS.get(format_of(file))
    check_file(file)
    if not file.parent.is_dir():
        raise InputError(f"{file}: must be a file in a directory that exists")
    with staged(file) as new, new.open("wb") as out:
        return write(scene, out)
