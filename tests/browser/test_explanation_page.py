"""The page of an explanation in a real browser: it fetches nothing, plays, and fits a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepfake_audio.explaining import explain
from deepfake_audio.files import read_json
from deepfake_audio.report.explanation_page import write_explanation

from ..explaining.made import RATE, detector_of, high_band, with_tone_at
from .conftest import DESK, PHONE, Viewer


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wave = with_tone_at(1.4, 1.7, 5000, 2.5)
    told = explain(detector_of(high_band(scale=4.0)), wave, "integrated_gradients", name="<a>.wav")
    return write_explanation(told, wave, RATE, tmp_path_factory.mktemp("explained"))


@pytest.mark.parametrize(("width", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_it_is_whole_and_fits(viewer: Viewer, page: Path, width: int, scheme: str) -> None:
    seen = viewer.open(page, width, scheme)
    assert seen.durations() == [2.5, 1, 1]
    assert seen.errors == []
    assert seen.fetched() == [page.as_uri()]
    assert seen.fits()
    text = seen.page.inner_text("body")
    assert "Why: <a>.wav" in text
    assert read_json(page.with_name("explanation.json"))["words"][0] in text
    assert "Is it faithful?" in text
    assert seen.page.locator("svg:visible").count() == 2
