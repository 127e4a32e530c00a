"""The page clicked through in a real browser: a recording goes in, a verdict that plays comes out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deepfake_audio.detector import load_detector

from ..serving.served import Served, serving, speech
from .conftest import DESK, INSTALLED, PHONE, Viewer

pytest.importorskip("gradio", reason="needs the extra `app`")

EVIL = "<img src=x onerror=window.hit=1>.wav"
# A microphone that beeps, and nobody who has to be asked for it.
FAKE_MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
ANSWER_MS = 60_000


@dataclass
class Opened:
    """The page in a window, and what it asked for."""

    page: Any
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def drop(self, file: Path) -> None:
        """Choose a file, and wait for what is said of it."""
        self.page.set_input_files("#file input[type=file]", file)
        self.wait()

    def wait(self) -> None:
        self.page.wait_for_selector("#result .verdict", timeout=ANSWER_MS)

    def fits(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


class Windows:
    """Opens the page of a server."""

    def __init__(self, browser: Any, served: Served) -> None:
        self.browser, self.served = browser, served

    def open(self, width: int = DESK, scheme: str = "light") -> Opened:
        """At a width in CSS pixels, in the `light` or the `dark`."""
        context = self.browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        opened = Opened(context.new_page())
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
        opened.page.on(
            "console", lambda told: opened.errors.append(told.text) if told.type == "error" else None
        )
        opened.page.goto(self.served.url)
        opened.page.wait_for_selector("#file input[type=file]", state="attached", timeout=ANSWER_MS)
        return opened


@pytest.fixture(scope="module")
def windows(viewer: Viewer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windows]:
    installed = next((path for name in INSTALLED if (path := shutil.which(name))), None)
    browser = viewer.browser.browser_type.launch(executable_path=installed, args=FAKE_MICROPHONE)
    with serving(tmp_path_factory.mktemp("served")) as served:
        yield Windows(browser, served)
    browser.close()


def test_a_file_gives_a_verdict_that_plays(windows: Windows, tmp_path: Path) -> None:
    recording = speech(tmp_path / EVIL, 4.0)
    opened = windows.open()
    page = opened.page
    opened.drop(recording)

    expected = load_detector(windows.served.detector).predict(recording)
    assert page.inner_text("#result .headline") == expected.verdict.upper()
    assert f"P(fake) is {expected.p_fake:.3f}" in page.inner_text("#result .quote")
    # Gradio takes brackets out of names; that what is left of others is escaped is tested with the words.
    assert page.inner_text("#result .name") == EVIL.translate({ord("<"): None, ord(">"): None})
    assert page.evaluate("window.hit") is None

    player = "document.querySelector('#result audio')"
    page.wait_for_function(f"{player}.readyState >= 1")
    assert page.evaluate(f"{player}.duration") == pytest.approx(4.0, abs=0.2)
    slots = page.locator("#result .slot")
    assert slots.count() == len(expected.windows) == 4
    slots.nth(2).click()
    page.wait_for_function(f"{player}.currentTime >= 2")
    assert page.evaluate(f"{player}.currentTime") < 3.5
    page.wait_for_function("parseFloat(document.querySelector('#result .playhead').style.left) >= 50")

    assert page.locator("#result figure svg:visible").count() == 1
    with page.expect_download() as download:
        page.click("#result a.download")
    told = json.loads(Path(download.value.path()).read_text())
    assert told["p_fake"] == pytest.approx(expected.p_fake, abs=1e-6)
    assert page.inner_text("#result .quote") == told["words"][0]

    assert opened.errors == []
    own = ("data:", "blob:", windows.served.url)
    assert [url for url in opened.requests if not url.startswith(own)] == []
    assert windows.served.left() == []
    page.screenshot(path=tmp_path / "desk.png", full_page=True)
    page.context.close()


def test_an_example_on_a_phone_in_the_dark(windows: Windows) -> None:
    opened = windows.open(PHONE, "dark")
    opened.page.click("#example-vocoded")
    opened.wait()
    assert "through a vocoder" in opened.page.inner_text("#result .name")
    assert opened.fits()
    opened.page.click("#card button")
    opened.page.wait_for_selector("text=It knows nothing.")
    assert opened.fits()
    assert "license" not in opened.page.inner_text("#card")
    assert opened.errors == []
    opened.page.context.close()


def test_what_is_no_recording_is_told_of_and_the_next_one_is_heard(windows: Windows, tmp_path: Path) -> None:
    opened = windows.open()
    wrong = tmp_path / "notes.txt"
    wrong.write_text("not a recording")
    opened.drop(wrong)
    assert opened.page.inner_text("#result .quote").startswith("No verdict: the recording cannot be read")
    opened.page.set_input_files("#file input[type=file]", speech(tmp_path / "next.wav"))
    opened.page.wait_for_selector("#result .headline", timeout=ANSWER_MS)
    assert opened.page.inner_text("#result .name") == "next.wav"
    opened.page.context.close()


def test_the_microphone(windows: Windows) -> None:
    opened = windows.open()
    page = opened.page
    page.get_by_role("tab", name="Microphone").click()
    page.get_by_role("button", name="Record", exact=True).click()
    page.wait_for_timeout(2000)
    page.get_by_role("button", name="Stop", exact=True).click()
    opened.wait()
    assert page.locator("#result .quote").count() == 1
    assert windows.served.left() == []
    assert [url for url in opened.requests if url.startswith("http") and windows.served.url not in url] == []
    page.context.close()
