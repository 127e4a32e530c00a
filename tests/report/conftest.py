"""For tests of what a page says: to draw its pictures takes seconds, and says nothing of its words."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pages whose pictures are made but not drawn; the list holds their names."""
    names: list[str] = []

    def name_alone(folder: Path, name: str, figure: Figure) -> str:
        names.append(name)
        return f"<svg>{name}</svg>"

    monkeypatch.setattr("deepfake_audio.report.page.save_and_draw", name_alone)
    return names
