"""Draws which room of the package imports which, from the import statements of its files."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "helios"

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 104, 30, 22, 44, 12
STYLE = """
  .room { fill: #eef2fa; stroke: #5b74a8; }
  .arrow { stroke: #8c9bb8; fill: none; marker-end: url(#head); }
  text { font: 14px sans-serif; text-anchor: middle; dominant-baseline: central; fill: #1c2740; }
  #head path { fill: #8c9bb8; }
"""


def rooms(package: Path = PACKAGE) -> dict[str, set[str]]:
    """For each room, a folder or a file of the package, the other rooms that it imports."""
    found: dict[str, set[str]] = {}
    for path in sorted(package.rglob("*.py")):
        room = path.relative_to(package).parts[0].removesuffix(".py")
        if room.startswith("__"):
            continue
        imported = {name.split(".")[1] for name in _imports(path) if name.startswith(f"{package.name}.")}
        found.setdefault(room, set()).update(imported - {room})
    return {room: imported & found.keys() for room, imported in found.items()}


def _imports(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def floors(graph: dict[str, set[str]]) -> list[list[str]]:
    """The rooms from the ground up, each as low as what it imports allows. Raises CycleError where none is lowest."""
    height: dict[str, int] = {}
    for room in TopologicalSorter(graph).static_order():
        height[room] = 1 + max((height[other] for other in graph[room]), default=-1)
    return [sorted(room for room in height if height[room] == floor) for floor in range(max(height.values()) + 1)]


def reduced(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """The imports that do not follow from others."""
    below: dict[str, set[str]] = {}
    for room in TopologicalSorter(graph).static_order():
        below[room] = graph[room].union(*(below[other] for other in graph[room]))
    return {room: {a for a in direct if not any(a in below[b] for b in direct)} for room, direct in graph.items()}


def svg(graph: dict[str, set[str]]) -> str:
    """The picture: the ground floor at the bottom, an arrow from each room to what it imports."""
    levels = floors(graph)
    wide = max(map(len, levels)) * (WIDTH + GAP_X) - GAP_X + 2 * MARGIN
    high = len(levels) * (HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN
    place = {}
    for floor, names in enumerate(levels):
        left = (wide - len(names) * (WIDTH + GAP_X) + GAP_X) / 2
        for number, name in enumerate(names):
            place[name] = left + number * (WIDTH + GAP_X), high - MARGIN - HEIGHT - floor * (HEIGHT + GAP_Y)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:g} {high:g}" width="{wide:g}" height="{high:g}">',
        f"<style>{STYLE}</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z"/></marker></defs>',
    ]
    for room, imported in reduced(graph).items():
        x, y = place[room]
        for other in sorted(imported):
            u, v = place[other]
            start, end = (x + WIDTH / 2, y + HEIGHT), (u + WIDTH / 2, v)
            bend = (end[1] - start[1]) / 2
            lines.append(
                f'<path class="arrow" d="M{start[0]:g} {start[1]:g} C{start[0]:g} {start[1] + bend:g} '
                f'{end[0]:g} {end[1] - bend:g} {end[0]:g} {end[1]:g}"/>'
            )
    for name, (x, y) in place.items():
        lines.append(f'<rect class="room" x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>')
        lines.append(f'<text x="{x + WIDTH / 2:g}" y="{y + HEIGHT / 2:g}">{name}</text>')
    return "\n".join([*lines, "</svg>", ""])


def write(path: Path) -> None:
    """Write the picture of the package to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(svg(rooms()), encoding="utf-8")
