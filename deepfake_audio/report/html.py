"""The bricks of a page: its frame, tables, and pictures that stand in the page itself. Nothing is fetched."""

from __future__ import annotations

import io
from html import escape

import matplotlib
from matplotlib.figure import Figure

from .canvas import COLOURS, INK
from .style import STYLE


def document(title: str, sections: list[str]) -> str:
    """A whole page; empty sections are left out."""
    name = escape(title)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{name}</title><style>{STYLE}</style></head>\n<body><main><h1>{name}</h1>\n"
        + "\n".join(section for section in sections if section)
        + "\n</main></body></html>\n"
    )


def paragraph(text: str, kind: str = "") -> str:
    """Text as a paragraph: a `verdict`, a `caution`, an `alarm`, or plain."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(header: list[str], rows: list[list[str]], caption: str = "") -> str:
    """A table of cells that are text; the first cell of a row names it."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="wide"><table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def folded(title: str, content: str) -> str:
    """What only some readers want to see."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def picture(svg: str, title: str) -> str:
    """A drawing under its title."""
    return f'<h2>{title}</h2><figure role="img" aria-label="{title}">{svg}</figure>'


def as_svg(figure: Figure, name: str) -> str:
    """A figure as SVG in the colours of the page's scheme; `name` must be one of its kind on the page."""
    drawn = io.StringIO()
    # Equal runs give equal pages: no date, and no random ids.
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(
            drawn,
            format="svg",
            transparent=True,
            metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")),
        )
    svg = drawn.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    for colour, value in COLOURS.items():
        svg = svg.replace(value, f"var(--{colour})")
    return svg
