"""What a page is made of: sections with words, figures and the numbers behind them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Figure:
    """A picture, as HTML, with the `caption` that says what it shows and how to read it, plain text."""

    html: str
    caption: str
    wide: bool = False
    """Whether it takes the whole width of the page, where others stand side by side."""


@dataclass(frozen=True)
class Section:
    """A part of the page: `key` names its `numbers` in metrics.json, which the page lists under its figures.

    `words` are paragraphs of plain text.
    """

    key: str
    title: str
    words: Sequence[str]
    figures: Sequence[Figure]
    numbers: Mapping[str, Any]


def tidy(value: Any) -> Any:
    """Return `value` as JSON holds it: floats to six significant digits, None for what is not finite.

    Numbers in mappings and sequences, and of NumPy, too.
    """
    if isinstance(value, Mapping):
        return {str(name): tidy(entry) for name, entry in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [tidy(entry) for entry in value]
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    return float(f"{value:.6g}") if math.isfinite(value) else None


def shown(value: Any) -> str:
    """Return a number or a text as the page writes it: 1,234,567 and 0.0123457."""
    if value is None:
        return "–"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def brief(value: Any) -> str:
    """Return a number or a text as sentences and figures have it: three digits, and what is next to nothing as such."""
    if not isinstance(value, float) or not math.isfinite(value):
        return shown(value)
    if value and abs(value) < 1e-3:
        return "<\N{NO-BREAK SPACE}0.001"
    return f"{float(f'{value:.3g}'):,g}".replace("-", "−") if abs(value) < 1e6 else f"{value:.3g}"


def numbers_html(numbers: Mapping[str, Any]) -> str:
    """Return `numbers`, which are `tidy`, as HTML: lists of mappings as tables, all else a line for each name."""
    lines, tables = [], []
    for name, value in numbers.items():
        words = escape(name.replace("_", " "))
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            tables.append(f"<h4>{words}</h4>{table_html(value)}")
        elif isinstance(value, Mapping):
            tables.append(f"<h4>{words}</h4>{numbers_html(value)}")
        else:
            texts = value if isinstance(value, list) else [value]
            lines.append(f"<dt>{words}</dt><dd>{escape('; '.join(map(shown, texts)))}</dd>")
    return (f"<dl>{''.join(lines)}</dl>" if lines else "") + "".join(tables)


def table_html(rows: Sequence[Mapping[str, Any]], write: Callable[[Any], str] = shown) -> str:
    """Return `rows`, which have the same names, as an HTML table that scrolls where it is too wide."""
    head = "".join(f'<th scope="col">{escape(name.replace("_", " "))}</th>' for name in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{escape(write(v))}</td>" for v in row.values()) + "</tr>" for row in rows)
    return f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def bars_html(label: str, rows: Sequence[tuple[str, float, str]]) -> str:
    """Return a table of (name, amount, what is written of it) with a bar for each amount, `label` for its readers."""
    most = max((amount for _, amount, _ in rows), default=0.0) or 1.0
    lines = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="amount">{escape(text)}</td>'
        f'<td class="of"><div class="bar" style="width:{100.0 * amount / most:.2f}%"></div></td></tr>'
        for name, amount, text in rows
    )
    return f'<table class="bars"><caption class="unseen">{escape(label)}</caption><tbody>{lines}</tbody></table>'


def bytes_text(size: float) -> str:
    """Return a number of bytes in the unit that suits it, 3 digits: 12.3 MB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000.0
    return f"{size:.3g} TB"
