"""A real browser, for pages that people look at; skipped where none is installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

INSTALLED = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PHONE, DESK = 360, 1280


# Of each player, as soon as it knows; what cannot be decoded is an error. A page's own policy forbids the eval that
# waiting for a condition would need.
DURATIONS = """() => Promise.all([...document.querySelectorAll('audio')].map(each => new Promise((known, failed) => {
  if (each.error) failed(each.error); if (each.readyState) known(each.duration);
  each.onloadedmetadata = () => known(each.duration); each.onerror = () => failed(each.error); })))"""


@dataclass
class Seen:
    """A page as it was opened, and whatever it complained of or asked for."""

    page: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def durations(self) -> list[float]:
        """Seconds of each recording, once the page has read all of them."""
        return list(self.page.evaluate(DURATIONS))

    def fetched(self) -> list[str]:
        """What was asked for: the page, and nothing else; what is in the page itself comes from nowhere."""
        return [url for url in self.requests if not url.startswith("data:")]

    def fits(self) -> bool:
        """Whether nothing is wider than the screen."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


class Viewer:
    """Opens files as a reader would, without a network."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def open(self, file: Path, width: int = DESK, scheme: str = "light") -> Seen:
        """The page at a width in CSS pixels, in the `light` or the `dark`."""
        context = self.browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        context.set_offline(True)
        seen = Seen(context.new_page())
        # A message of any level: a page that only warns has something wrong with it too.
        seen.page.on("console", lambda message: seen.errors.append(message.text))
        seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        seen.page.goto(file.as_uri())
        return seen


@pytest.fixture(scope="session")
def viewer() -> Iterator[Viewer]:
    """Chromium as the system has it, or else as Playwright fetched it."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install '.[dev]'")
    installed = next((path for name in INSTALLED if (path := shutil.which(name))), None)
    with playwright.sync_playwright() as driver:
        path = installed or driver.chromium.executable_path
        if not Path(path).is_file():
            pytest.skip("no Chromium: install one, or run `make test-browser`, which fetches it")
        browser = driver.chromium.launch(executable_path=path)
        yield Viewer(browser)
        browser.close()
