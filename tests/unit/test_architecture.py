"""Who may import whom, and what a command must not load: read from the sources, and from running processes.

An import that goes up, a torch in `packing`, or an astropy that makes `--help` slow
fails here with the file's name.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "helios"

LAYERS = (
    {"errors", "constants", "options", "registry", "catalogs_path", "progress", "files", "work_folders", "pieces"}
    | {"simd", "fixed_order", "rejections", "threads", "gzipped", "film", "image_file", "morton", "collecting"},
    {"coords", "spherical", "grid", "cells", "regions", "light", "color", "splats", "schedulers", "solar"},
    {"levels"},
    {"catalog"},
    {"universe"},
    {"landmarks"},
    {"building"},
    {"rendering", "packing", "fetching"},
    {"training"},
    {"pictures", "photos"},
    {"reporting"},
    {"api"},
    {"cli"},
)
"""A module may import those of its own layer's package and of the layers before."""

ONLY_IN = {
    "torch": ("rendering", "training", "photos"),
    "pycolmap": ("photos",),
    "gsplat": ("rendering",),
    "click": ("cli",),
    "rich": ("cli",),
    "dask": ("schedulers",),
    "distributed": ("schedulers",),
    "dask_jobqueue": ("schedulers",),
}


def rank(part: str) -> int:
    return next(i for i, layer in enumerate(LAYERS) if part in layer)


def imports(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p.parent != PACKAGE or p.stem not in ("__init__", "__main__"))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_one_way(path):
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for name in imports(path):
        top, *rest = name.split(".")
        if top == "helios" and rest:
            same_layer_by_itself = rank(rest[0]) == rank(part) and (rest[0] == part or rank(part) < 2)
            assert rank(rest[0]) < rank(part) or same_layer_by_itself, f"{part} must not import {name}"
        if top in ONLY_IN:
            assert part in ONLY_IN[top], f"{top} is imported only under {ONLY_IN[top]}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_stay_short(path):
    assert len(path.read_text().splitlines()) <= 300


def loaded_by(*arguments: str, cwd: Path) -> set[str]:
    code = (
        "import sys; from helios.cli import main; main.main(sys.argv[1:], standalone_mode=False); "
        "print('LOADED', *{name.split('.')[0] for name in sys.modules})"
    )
    command = [sys.executable, "-c", code, *arguments]
    environment = {"PYTHONPATH": str(PACKAGE.parent), "PATH": ""}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_commands_load_only_what_they_need(tmp_path):
    heavy = {"torch", "astropy", "zarr", "pandas", "numba", "matplotlib", "gsplat"}
    assert not loaded_by("--help", cwd=tmp_path) & (heavy | {"numpy", "rich"})
    assert not loaded_by("train-landmarks", "--help", cwd=tmp_path) & heavy
    assert not loaded_by("scene", "train", "--help", cwd=tmp_path) & (heavy | {"pycolmap", "scipy"})
    assert not loaded_by("fetch", "--help", cwd=tmp_path) & (heavy | {"pyvo", "pyarrow"})
    assert not loaded_by("build", "--synthetic", "20", "--depth", "2", cwd=tmp_path) & (heavy - {"zarr", "numba"})
    for command in ("info", "validate", "pack", "report"):
        assert not loaded_by(command, cwd=tmp_path) & (heavy - {"zarr", "numba"})
    assert "torch" in loaded_by("train-all", "--iterations", "0", "--backend", "numba", cwd=tmp_path)
