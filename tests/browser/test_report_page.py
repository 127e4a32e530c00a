"""The report as a reader meets it: in a real browser, in both schemes, on a desk and on a phone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deepfake_audio.report import write_report

from ..report.heard import heard_run
from .conftest import DESK, PHONE, Viewer

SECTIONS = (
    "Figures", "Right and wrong", "F2 against the threshold", "ROC and DET", "Precision and recall",
    "Scores by class", "Does P(fake) mean what it says?", "Groups", "Hardest clips", "By system", "Training",
    "How the run was made",
)  # fmt: skip

# Of each text that can be seen: its contrast with what is painted behind it, and the text. Colours go through a
# canvas, which knows every notation of them.
CONTRASTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = css => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = css; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] / 255 + below[i] * (1 - top[3] / 255));
  const paper = element => { const layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]); };
  const light = rgb => rgb.map(c => c / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
  return [...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && !e.closest('svg') &&
      [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
    .map(e => { const below = paper(e), ink = over(rgba(getComputedStyle(e).color), below);
      const [low, high] = [light(ink), light(below)].sort((a, b) => a - b);
      return [(high + .05) / (low + .05), e.textContent.trim().slice(0, 40)]; }); }"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(heard_run(tmp_path_factory.mktemp("heard")).path)


def not_blank(picture: Path) -> bool:
    """Whether there is paper, and much that is not paper."""
    grey = np.asarray(Image.open(picture).convert("L"))
    share = np.bincount(grey.ravel(), minlength=256).max() / grey.size
    return bool(0.3 < share < 0.98)


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_it_opens_without_a_complaint_and_asks_for_nothing(
    viewer: Viewer, page: Path, tmp_path: Path, width: int
) -> None:
    seen = viewer.open(page, width)
    for title in SECTIONS:
        assert seen.page.get_by_role("heading", name=title, exact=True).is_visible(), title
    assert page.stat().st_size < 3_000_000
    verdict = seen.page.locator(".verdict")
    assert verdict.is_visible() and "the detector reaches an F2 of" in verdict.inner_text()
    # Nobody scrolls sideways for what stands at the top, nor for the figures of test, which stand first.
    assert seen.page.locator(".together").bounding_box()["y"] > verdict.bounding_box()["y"]
    tables = seen.page.locator(".wide:has(.glance)")
    assert tables.count() == 2
    assert tables.evaluate_all("all => all.every(each => each.scrollWidth <= each.clientWidth)")
    assert tables.nth(1).locator("thead th").all_inner_texts() == ["", "test", "validation"]
    # Nothing is wider than the screen, what is folded away included; only tables scroll, within themselves.
    assert seen.fits()
    seen.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert seen.fits()
    shot = tmp_path / "page.png"
    seen.page.screenshot(path=shot, full_page=True)
    assert not_blank(shot)
    assert seen.errors == []
    assert seen.fetched() == [page.as_uri()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_the_light_and_in_the_dark(
    viewer: Viewer, page: Path, scheme: str, tmp_path: Path
) -> None:
    seen = viewer.open(page, scheme=scheme)
    contrasts = seen.page.evaluate(CONTRASTS)
    assert len(contrasts) > 100
    assert [told for told in contrasts if told[0] < 4.5] == []
    shot = tmp_path / "top.png"
    seen.page.screenshot(path=shot)
    paper = np.asarray(Image.open(shot).convert("L"))[5, 5]
    assert paper > 250 if scheme == "light" else paper < 50
    assert not_blank(shot)


def test_recordings_can_be_played_and_what_is_folded_opens(viewer: Viewer, page: Path) -> None:
    seen = viewer.open(page)
    players = seen.page.locator("audio")
    assert players.count() >= 3
    durations = seen.durations()
    assert all(0.9 < seconds <= 8.01 for seconds in durations)
    assert max(durations) > 7.9 and min(durations) < 1.1
    config = seen.page.locator("details", has_text="Configuration").locator("pre")
    assert not config.is_visible()
    seen.page.locator("summary", has_text="Configuration").click()
    assert config.is_visible()


def test_the_contents_lead_to_every_section_by_the_keyboard_alone(viewer: Viewer, page: Path) -> None:
    seen = viewer.open(page)
    links = seen.page.get_by_role("navigation", name="Contents").get_by_role("link")
    assert links.all_inner_texts() == seen.page.locator("h2").all_inner_texts()
    link = links.filter(has_text="Groups")
    link.focus()
    seen.page.keyboard.press("Enter")
    assert 0 <= seen.page.locator("#groups").bounding_box()["y"] < 100


def test_a_picture_is_drawn_once_for_each_screen(viewer: Viewer, page: Path) -> None:
    """The wide one on a desk, the narrow one on a phone, and its text as large as the page's small print."""
    for width, kind in ((DESK, ".desk"), (PHONE, ".phone")):
        seen = viewer.open(page, width)
        figure = seen.page.get_by_role("img", name="F2 against the threshold, which was chosen")
        drawn = figure.locator("svg:visible")
        assert drawn.count() == 1
        assert figure.locator(f"{kind} svg").is_visible()
        # A point of the drawing in CSS pixels: nine of them make a tick's label.
        box = drawn.evaluate("each => each.viewBox.baseVal.width")
        assert 9 * drawn.bounding_box()["width"] / box > 9.5


def test_paper_is_white_and_holds_what_is_folded_on_the_screen(viewer: Viewer, page: Path) -> None:
    seen = viewer.open(page, scheme="dark")
    seen.page.emulate_media(media="print", color_scheme="dark")
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert [told for told in seen.page.evaluate(CONTRASTS) if told[0] < 4.5] == []
    assert not seen.page.get_by_role("navigation").is_visible()
    assert not seen.page.locator("audio").first.is_visible()
    assert seen.page.locator("details pre").evaluate("each => each.getBoundingClientRect().height") > 10
