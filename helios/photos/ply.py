"""Scenes as the PLY file of 3D Gaussian splatting: written, and read back as they were, bit by bit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray

from helios import __version__
from helios.errors import InputError
from helios.packing.ply_layout import ANTIALIASED, header, properties, vertices
from helios.photos.formats.splats import SceneSplats, blocks, degree_of

SIZED = {"int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4"}
SHORT = {"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"}
TYPES = {**SIZED, **SHORT, "float": "f4", "float32": "f4", "double": "f8", "float64": "f8"}
ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">"}
LONGEST_HEAD = 1 << 16
MODES = {"mip": True, "default": False}
NO_SCENE = "export the scene again as PLY of Gaussian splats, binary, not compressed"


def write_ply(scene: SceneSplats, file: BinaryIO) -> tuple[str, ...]:
    """Write `scene` to `file`, float32 as it is, and return what the format could not hold: nothing.

    Properties as `helios.packing.ply_layout.properties`; f_rest has all coefficients of red first, then of green, then
    of blue. A comment says SplatRenderMode: mip where the scene was trained antialiased, `default` where not. Memory:
    a block. Raises InputError as `SceneSplats.check` does.
    """
    columns, rest = scene.columns(), 3 * scene.rest
    mode = ANTIALIASED if scene.antialiased else "SplatRenderMode: default"
    comments = [f"helios {__version__}", f"SH degree: {scene.degree}", mode, f"step: {scene.step}"]
    file.write(header(comments, len(scene), rest))
    for block in blocks(columns):
        by_color = block["shN"].transpose(0, 2, 1).reshape(len(block["means"]), rest)
        logits = block["opacities"][:, 0]
        rows = vertices(block["means"], block["sh0"], by_color, logits, block["scales"], block["quats"])
        file.write(rows.tobytes())
    return ()


@dataclass(frozen=True)
class Head:
    """The head of a PLY file: the type of its vertices, how many, where they begin, and its comments."""

    vertex: np.dtype
    count: int
    start: int
    comments: tuple[str, ...]


def read_ply(path: Path) -> SceneSplats:
    """Return the scene in the PLY file `path`, written by Helios, gsplat, Brush, SuperSplat, Postshot or 3DGS itself.

    Properties may be in any order and of any type of number; normals and what is not known are left aside. A scene is
    antialiased where a comment says `SplatRenderMode: mip` or `antialiased 1`. Raises InputError, saying what is wrong
    and what to do, for another file, a text or compressed one, one without spherical harmonics of colours, and one
    that is cut off.
    """
    with open(path, "rb") as file:
        head = _read_head(path, file.read(LONGEST_HEAD))
    names = head.vertex.names or ()
    rest = sum(name.startswith("f_rest_") for name in names)
    missing = [name for name in properties(rest) if name not in names and not name.startswith("n")]
    if missing:
        raise InputError(f"{path}: no property {missing[0]}, so no scene of Gaussian splats; {NO_SCENE}")
    if rest % 3:
        raise InputError(f"{path}: {rest} properties f_rest, must be as many for each of three colours; {NO_SCENE}")
    degree_of(rest // 3)
    expected = head.start + head.count * head.vertex.itemsize
    if path.stat().st_size < expected:
        raise InputError(f"{path}: {path.stat().st_size:,} bytes, must be {expected:,}: cut off; copy it again")
    rows = np.fromfile(path, head.vertex, head.count, offset=head.start)

    def columns(*wanted: str) -> NDArray[np.float32]:
        return np.stack([rows[name] for name in wanted], axis=1).astype(np.float32)

    by_color = columns(*(f"f_rest_{i}" for i in range(rest))) if rest else np.zeros((head.count, 0), np.float32)
    arrays = {
        "means": columns("x", "y", "z"),
        "scales": columns("scale_0", "scale_1", "scale_2"),
        "quats": columns("rot_0", "rot_1", "rot_2", "rot_3"),
        "opacities": columns("opacity")[:, 0],
        "sh0": columns("f_dc_0", "f_dc_1", "f_dc_2")[:, None],
        "shN": np.ascontiguousarray(by_color.reshape(head.count, 3, rest // 3).transpose(0, 2, 1)),
    }
    params = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
    scene = SceneSplats(params, _is_antialiased(head.comments), _step(head.comments))
    scene.check()
    return scene


def _read_head(path: Path, begin: bytes) -> Head:
    match = re.search(rb"\nend_header\r?\n", begin)
    if not begin.startswith(b"ply") or match is None:
        raise InputError(f"{path}: not a PLY file; name one of Gaussian splats")
    lines = begin[: match.start()].decode("ascii", "replace").replace("\r", "").split("\n")[1:]
    order: str | None = None
    comments: list[str] = []
    elements: list[tuple[str, int, list[tuple[str, str]]]] = []
    for line in lines:
        words = line.split()
        if line.startswith("comment"):
            comments.append(line.removeprefix("comment").strip())
        elif words[:1] == ["format"]:
            order = ORDERS.get(words[1])
            if order is None:
                raise InputError(f"{path}: PLY as {words[1]}; {NO_SCENE}")
        elif words[:1] == ["element"]:
            elements.append((words[1], int(words[2]), []))
        elif words[:1] == ["property"] and elements:
            elements[-1][2].append((words[-1], words[1]))
    if order is None or not elements or elements[0][0] != "vertex":
        raise InputError(f"{path}: a PLY file that does not begin with its vertices, compressed perhaps; {NO_SCENE}")
    _, count, fields = elements[0]
    for name, kind in fields:
        if kind not in TYPES:
            raise InputError(f"{path}: property {name} of vertices is a {kind}, must be a number; {NO_SCENE}")
    vertex = np.dtype([(name, order + TYPES[kind]) for name, kind in fields])
    return Head(vertex, count, match.end(), tuple(comments))


def _is_antialiased(comments: tuple[str, ...]) -> bool:
    """Brush's `SplatRenderMode:` and Postshot's `antialiased`; of several the last counts, as in splat-transform."""
    found = False
    for comment in comments:
        mode = re.fullmatch(r"SplatRenderMode:\s*(\w+)", comment, re.IGNORECASE)
        flag = re.fullmatch(r"antialiased\s+([01])", comment, re.IGNORECASE)
        if mode:
            found = MODES.get(mode[1].lower(), False)
        elif flag:
            found = flag[1] == "1"
    return found


def _step(comments: tuple[str, ...]) -> int:
    steps = [re.fullmatch(r"step: (\d{1,18})", comment) for comment in comments]
    return next((int(match[1]) for match in steps if match), 0)
