"""What was right and what was wrong, as a table that can be read as a picture."""

from __future__ import annotations

from typing import Any

from ..canvas import NAMES
from ..html import scrolled
from ..words import percent

# Of each true class, what became of it: the cell of `confusion`, its class on the page, its name.
ROWS = (
    ("is fake", "n_fake", (("tp", "right", "caught"), ("fn", "wrong", "missed"))),
    ("is real", "n_real", (("fp", "wrong", "false alarm"), ("tn", "right", "cleared"))),
)


def confusion_table(part: str, told: dict[str, Any]) -> str:
    """Counts and shares of the true class; the deeper a cell's colour, the larger its share; errors are dashed."""
    body = "".join(
        f'<tr><th scope="row">{name}</th>'
        + "".join(_cell(told["confusion"][cell], told[whole], *how) for cell, *how in cells)
        + "</tr>"
        for name, whole, cells in ROWS
    )
    head = '<tr><th scope="col"></th><th scope="col">called fake</th><th scope="col">called real</th></tr>'
    content = f"<thead>{head}</thead><tbody>{body}</tbody>"
    return scrolled(content, f"Right and wrong, {NAMES[part]}", "confusion")


def _cell(count: int, whole: int, kind: str, name: str) -> str:
    share = count / whole if whole else 0.0
    told = f"{count:,} ({percent(share)})" if whole else f"{count:,}"
    return f'<td class="{kind}" style="--share: {share:.3f}"><strong>{told}</strong> {name}</td>'
