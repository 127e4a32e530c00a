"""The page of explained examples in a real browser: it fetches nothing, plays, and fits a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepfake_audio.report.examples_page import write_examples

from ..report.heard import explained_run
from .conftest import DESK, PHONE, Viewer


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = write_examples(explained_run(tmp_path_factory.mktemp("explained")), count=2)
    assert page is not None
    return page


@pytest.mark.parametrize(("width", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_it_is_whole_and_fits(viewer: Viewer, page: Path, width: int, scheme: str) -> None:
    seen = viewer.open(page, width, scheme)
    durations = seen.durations()
    assert len(durations) >= 2
    assert all(0 < seconds <= 1.5 for seconds in durations)
    assert seen.errors == []
    assert seen.fetched() == [page.as_uri()]
    assert seen.fits()
    seen.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert seen.fits()
    titles = seen.page.get_by_role("heading", level=2).all_inner_texts()
    assert [title.partition(".")[0] for title in titles] == ["1", "2"]
    drawn = seen.page.locator("svg:visible")
    assert drawn.count() == 2
    assert all(each.bounding_box()["width"] > 250 for each in drawn.all())
