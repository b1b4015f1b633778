"""The photographs of a folder and their masks: found, checked, told apart from others, and copied."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from helios.errors import InputError
from helios.files import sha256
from helios.photos.data.pictures import SUFFIXES, binary, decode, decode_mask, look

FEWEST = 3


def find_photographs(images: Path) -> tuple[tuple[str, ...], int]:
    """Return the sorted names of the photographs below `images`, and how many other files there are.

    Hidden files and folders are passed over. Raises InputError where there are fewer than 3, or one cannot be read.
    """
    if not images.is_dir():
        raise InputError(f"{images}: no such folder; name one with photographs")
    files = [file for file in images.rglob("*") if file.is_file()]
    seen = {file.relative_to(images).as_posix(): file for file in files}
    seen = {name: file for name, file in seen.items() if not any(part.startswith(".") for part in name.split("/"))}
    names = tuple(sorted(name for name, file in seen.items() if file.suffix.lower() in SUFFIXES))
    if len(names) < FEWEST:
        raise InputError(f"{images}: {len(names)} photographs ({', '.join(SUFFIXES)}), must be at least {FEWEST}")
    for name in names:
        look(seen[name])
    return names, len(seen) - len(names)


def find_masks(images: Path, names: tuple[str, ...], masks: Path | None) -> dict[str, Path]:
    """Return the masks of photographs by name: of NAME.EXT.png, NAME.png or NAME.EXT in the folder, or of their alpha.

    Raises InputError where `masks` has none of them, or one of another size than its photograph.
    """
    folder = masks if masks is not None else images.resolve().parent / "masks"
    if masks is not None and not masks.is_dir():
        raise InputError(f"--masks {masks}: no such folder")
    found = {}
    for name in names:
        base = folder / name
        photograph = look(images / name)
        if photograph.has_alpha:
            found[name] = images / name
        for file in (base.with_name(base.name + ".png"), base.with_suffix(".png"), base):
            if file.is_file():
                mask = look(file)
                if (mask.width, mask.height) != (photograph.width, photograph.height):
                    raise InputError(
                        f"{file}: the mask has {mask.width} x {mask.height} px, its photograph {photograph.width} x "
                        f"{photograph.height}; make it as large"
                    )
                found[name] = file
                break
    if masks is not None and not found:
        raise InputError(f"--masks {masks}: no mask has the name of a photograph, such as {names[0]}.png")
    return found


def digest_of(images: Path, names: tuple[str, ...], masks: Mapping[str, Path], how: str) -> str:
    """Return the SHA-256 of the photographs, their masks, and `how` they are solved: the same for the same task."""
    digest = hashlib.sha256(how.encode())
    for name in names:
        mask = sha256(masks[name]) if name in masks else ""
        digest.update(f"\0{name}\0{sha256(images / name)}\0{mask}".encode())
    return digest.hexdigest()


def copy_photographs(images: Path, names: tuple[str, ...], masks: Mapping[str, Path], data: Path) -> None:
    """Copy the photographs to `data`/images, and their masks, black and white, to `data`/masks as NAME.EXT.png.

    Where some have a mask, the others get a white one: COLMAP leaves out photographs without.
    """
    for name in names:
        place = data / "images" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(images / name, place)
        if masks:
            seen = look(images / name)
            size = seen.width, seen.height
            file = masks.get(name, images / name)
            mask = binary(decode(file, *size)[..., 3]) if file == images / name else decode_mask(file, *size)
            place = data / "masks" / f"{name}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(mask).save(place)
