"""One HTML file of all sections: nothing is loaded from anywhere else, and nothing in it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from helios.reporting.section import Figure, Section, numbers_html, tidy
from helios.reporting.style import STYLE

_ALONE = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""The policy by which a browser, too, sees to it that the page loads nothing."""


def page_html(name: str, lead: Sequence[str], tiles: Mapping[str, str], sections: Sequence[Section], foot: str) -> str:
    """Return the page about the universe called `name`, plain text in all arguments.

    `lead` are its first paragraphs, `tiles` the figures at its top by what they are, `foot` its last line.
    """
    title = f"The universe {name}"
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_ALONE}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{STYLE}</style></head><body>',
        f"<header><h1>{escape(title)}</h1>{_paragraphs(lead)}</header><main>",
        '<dl class="tiles">',
        *(f"<div><dt>{escape(what)}</dt><dd>{escape(text)}</dd></div>" for what, text in tiles.items()),
        "</dl>",
        *(_section(section) for section in sections),
        f"</main><footer>{escape(foot)}</footer></body></html>\n",
    ]
    return "\n".join(parts)


def _section(section: Section) -> str:
    figures = "".join(map(_figure, section.figures))
    numbers = tidy(section.numbers)
    return (
        f'<section id="{section.key}" aria-labelledby="{section.key}-title">'
        f'<h2 id="{section.key}-title">{escape(section.title)}</h2>{_paragraphs(section.words)}'
        + (f'<div class="figures">{figures}</div>' if figures else "")
        + (f"<details><summary>The numbers</summary>{numbers_html(numbers)}</details>" if numbers else "")
        + "</section>"
    )


def _figure(figure: Figure) -> str:
    wide = ' class="wide"' if figure.wide else ""
    return f"<figure{wide}>{figure.html}<figcaption>{escape(figure.caption)}</figcaption></figure>"


def _paragraphs(words: Sequence[str]) -> str:
    return "".join(f"<p>{escape(text)}</p>" for text in words)
