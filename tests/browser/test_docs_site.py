"""The docs' site as files on a disk: no network, no server, and its search still finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..test_docs_site import site
from .conftest import Viewer

__all__ = ["site"]
DESK, PHONE = 1400, 390


@pytest.mark.slow  # builds the site a second time, beside the test that follows its links
@pytest.mark.parametrize("page", ["index.html", "comparison.html", "numbers.html", "api/detectors.html"])
@pytest.mark.parametrize(("width", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_a_page_fits_and_fetches_nothing(
    viewer: Viewer, site: Path, page: str, width: int, scheme: str
) -> None:
    seen = viewer.open(site / page, width, scheme)
    seen.page.wait_for_timeout(300)
    assert seen.fits() and not seen.errors
    assert all(url.startswith(("file:", "data:", "about:", "blob:")) for url in seen.requests)


@pytest.mark.slow  # the same
def test_search_finds_without_a_server(viewer: Viewer, site: Path) -> None:
    seen = viewer.open(site / "api" / "data.html", DESK)
    seen.page.fill(".md-search__input", "prevalence")
    seen.page.wait_for_selector(".md-search-result__item", timeout=10_000)
    assert "matching" in seen.page.locator(".md-search-result__meta").inner_text()
    assert not seen.errors
