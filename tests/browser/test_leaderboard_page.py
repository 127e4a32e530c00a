"""The leaderboard as a reader meets it: in a real browser, in both schemes, on a desk and on a phone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from deepfake_audio.compare import main
from deepfake_audio.files import write_json
from deepfake_audio.judgement import judge

from ..scored import made_run
from .conftest import DESK, PHONE, Viewer

SECTIONS = (
    "Ranked by validation (clips A)", "Which is better on test (clips A)", "Ranked by validation (clips B)",
    "Before you believe the order",
)  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two settings of two seeds, one of them with a report, a run that failed, and one on other clips."""
    folder = tmp_path_factory.mktemp("sweep")
    jobs = [
        (1.0, "small<&>", 0),
        (1.1, "small<&>", 1),
        (2.0, "large", 0),
        (2.1, "large", 1),
        (1.5, "other", 0),
    ]
    for number, (distance, name, seed) in enumerate(jobs):
        run = made_run(folder / f"{number}_cnn", distance=distance, voices=9 if name == "other" else 12)
        run.overrides.parent.mkdir()
        OmegaConf.save(OmegaConf.create([f"model={name}", f"seed={seed}"]), run.overrides)
        OmegaConf.save(OmegaConf.create({"seed": seed, "model": name}), run.config)
        judge(run.path)
    (folder / "0_cnn" / "report").mkdir()
    (folder / "0_cnn" / "report" / "index.html").write_text("<title>a report</title>")
    write_json(folder / "5_cnn" / "metrics.json", {})
    main([str(folder)])
    return folder / "leaderboard.html"


@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_shown_without_an_error_and_fetches_nothing(
    viewer: Viewer, page: Path, tmp_path: Path, width: int, scheme: str
) -> None:
    seen = viewer.open(page, width, scheme)
    assert seen.errors == []
    assert seen.requests == [page.as_uri()]
    assert seen.fits()
    for title in SECTIONS:
        assert seen.page.get_by_role("heading", name=title, exact=True).is_visible()
    drawn = [each.is_visible() for each in seen.page.locator("figure svg").all()]
    assert drawn == [width == DESK, width == PHONE] * 2, "one drawing for each set of clips, as wide as fits"
    shot = tmp_path / "page.png"
    seen.page.screenshot(path=shot, full_page=True)
    pixels = np.asarray(Image.open(shot).convert("L"))
    assert pixels.std() > 5
    assert (np.median(pixels) < 128) == (scheme == "dark")


def test_what_it_says(viewer: Viewer, page: Path) -> None:
    opened = viewer.open(page).page
    # Whether names stand in quotation marks is another test's business.
    text = opened.locator("main").inner_text().replace('"', "")
    assert "model=large ranks first" in text
    assert "model=large is better than model=small<&> on test by" in text
    assert "B has other validation clips and test clips than A" in text
    assert "Failed: 5_cnn." in text
    table = opened.get_by_role("table").first
    assert table.get_by_role("rowheader").all_inner_texts() == ["1. model=large", "2. model=small<&>"]
    assert not opened.get_by_role("cell", name="failed: not judged").is_visible()
    opened.get_by_text("Every run").click()
    assert opened.get_by_role("cell", name="failed: not judged").is_visible()
    opened.get_by_role("link", name="0_cnn").click()
    assert opened.title() == "a report"
