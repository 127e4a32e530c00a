"""The audit of a corpus as a page of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..files import write_text
from .html import as_svg, document, paragraph
from .sections.audit import audit_section
from .sections.shortcuts import shortcut_picture, shortcut_section


def write_audit_page(told: dict[str, Any], path: str | Path) -> Path:
    """Write what the audit told to `path` as one HTML page that fetches nothing."""
    probes = told.get("shortcuts")
    figure = shortcut_picture(None, probes)
    svg = as_svg(figure, "shortcuts") if figure else ""
    sections = [
        paragraph(f"Of {told['of']}.") if "of" in told else "",
        # Whoever reads only that the audit passed should read this too.
        paragraph(probes["words"], "rival") if probes else "",
        audit_section(told),
        shortcut_section(None, probes, svg),
    ]
    write_text(Path(path), document("Audit of the data", sections))
    return Path(path)
