"""The bricks of a page: its frame, tables, and pictures that stand in the page itself. Nothing is fetched."""

from __future__ import annotations

import re
from html import escape

from .canvas import as_svg
from .style import STYLE

__all__ = ["as_svg", "document", "drawing", "folded", "heading", "paragraph", "picture", "table"]

# A browser that keeps to it could not fetch anything even if the page asked.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:"
HEADING = re.compile(r'<h2 id="([^"]+)">(.*?)</h2>')


def document(title: str, sections: list[str], contents: bool = False) -> str:
    """A whole page; empty sections are left out.

    Args:
        contents: whether links to the headings stand before the first section that has one.
    """
    name = escape(title)
    told = [section for section in sections if section]
    if contents:
        first = next((i for i, section in enumerate(told) if HEADING.search(section)), len(told))
        told.insert(first, _contents(told))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{name}</title><style>{STYLE}</style></head>\n<body><main><h1>{name}</h1>\n"
        + "\n".join(told)
        + "\n</main></body></html>\n"
    )


def heading(title: str) -> str:
    """The title of a section, which the contents link to."""
    return f'<h2 id="{_address(title)}">{escape(title)}</h2>'


def paragraph(text: str, kind: str = "") -> str:
    """Text as a paragraph: a `verdict`, a `caution`, an `alarm`, a `note`, or plain."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(header: list[str], rows: list[list[str]], caption: str = "", kind: str = "") -> str:
    """A table of cells that are text; the first cell of a row names it."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return scrolled(f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>", caption, kind)


def scrolled(content: str, caption: str = "", kind: str = "") -> str:
    """A table's rows under a caption; what is too wide for the screen can be scrolled, by the keyboard too."""
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    name = f' role="region" aria-label="{escape(caption)}"' if caption else ""
    style = f' class="{kind}"' if kind else ""
    return f'<div class="wide" tabindex="0"{name}><table{style}>{title}{content}</table></div>'


def folded(title: str, content: str) -> str:
    """What only some readers want to see."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def picture(svg: str, title: str, says: str = "") -> str:
    """A drawing under its title."""
    return heading(title) + drawing(svg, says or title)


def drawing(svg: str, says: str) -> str:
    """A drawing, and what it says to whoever does not see it."""
    return f'<figure role="img" aria-label="{escape(says)}">{svg}</figure>'


def _contents(sections: list[str]) -> str:
    links = "".join(
        f'<li><a href="#{address}">{title}</a></li>' for address, title in HEADING.findall("".join(sections))
    )
    return f'<nav aria-label="Contents"><ul>{links}</ul></nav>' if links else ""


def _address(title: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", title.lower())) or "section"
