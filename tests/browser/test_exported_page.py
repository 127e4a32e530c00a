"""The page that runs an exported detector in the reader's browser: it answers as Python does, and asks nobody."""

from __future__ import annotations

import functools
import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from deepfake_audio.detector import Detector
from deepfake_audio.errors import UserError
from deepfake_audio.exporting.onnx_file import export_onnx
from deepfake_audio.exporting.page import PACKAGE, runtime_folder, write_page
from deepfake_audio.verdict import CANT_TELL

from ..exporting.made import RATE, SMALL, make_detector
from .conftest import Viewer

pytest.importorskip("onnx", reason="needs onnx: pip install '.[dev]'")

# Where `make test-browser` puts it; another place may be named.
FETCHED = Path(__file__).parents[2] / "build" / "web"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def onnxruntime_web() -> Path:
    place = Path(os.environ.get("DEEPFAKE_AUDIO_ONNXRUNTIME_WEB", FETCHED))
    try:
        return runtime_folder(place)
    except UserError:
        pytest.skip(f"no onnxruntime-web at {place}: run `make test-browser`, or npm install {PACKAGE} there")


@pytest.fixture(scope="module")
def detector() -> Detector:
    """It trims, so that the page has to as well, and would rather not say near its threshold."""
    threshold = {"threshold": 0.5, "interval": [0.499, 0.501]}
    return make_detector(SMALL["cnn"], {"name": "logmel"}, neutral={"name": "trim"}, threshold=threshold)


@pytest.fixture(scope="module")
def address(
    detector: Detector, onnxruntime_web: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("page")
    export_onnx(detector, folder / "made.onnx")
    write_page(folder / "page", folder / "made.onnx", onnxruntime_web)
    handler = functools.partial(Quiet, directory=str(folder / "page"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Opened:
    """The page in a tab, and all that it asked for or complained of."""

    def __init__(self, viewer: Viewer, address: str, width: int = 1000) -> None:
        self.context = viewer.browser.new_context(viewport={"width": width, "height": 900})
        self.page: Any = self.context.new_page()
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(address)
        self.says("Ready.")

    def says(self, text: str) -> None:
        """Wait until its line of state holds this."""
        self.page.get_by_role("status").filter(has_text=text).wait_for(timeout=60_000)

    def judge(self, file: Path, ends: str = "Done.") -> dict[str, str]:
        self.page.locator("#file").set_input_files(str(file))
        self.says(ends)
        return dict(self.page.locator("#verdict").evaluate("node => ({...node.dataset})"))


@pytest.fixture(scope="module")
def opened(viewer: Viewer, address: str) -> Iterator[Opened]:
    page = Opened(viewer, address)
    yield page
    page.context.close()


def sounding(path: Path, seconds: float, hz: float, channels: int = 1) -> Path:
    rng = np.random.default_rng(0)
    time = np.arange(round(seconds * RATE)) / RATE
    wave = 0.3 * np.sign(np.sin(2 * np.pi * hz * time)) * np.sin(2 * np.pi * 2 * time) ** 2
    wave = np.concatenate([np.zeros(RATE // 3), wave + rng.normal(0, 0.02, len(time))])
    soundfile.write(path, np.tile(wave[:, None], channels), RATE, subtype="PCM_16")
    return path


@pytest.mark.parametrize(
    ("seconds", "hz", "name"), [(0.7, 90, "a.wav"), (2.4, 180, "b.wav"), (5.2, 250, "c.flac")]
)
def test_it_says_what_python_says(
    opened: Opened, detector: Detector, tmp_path: Path, seconds: float, hz: float, name: str
) -> None:
    file = sounding(tmp_path / name, seconds, hz)
    wanted, found = detector.predict(file), opened.judge(file)
    assert float(found["p"]) == pytest.approx(wanted.p_fake, abs=1e-3)
    assert found["verdict"] == {CANT_TELL: "unsure"}.get(wanted.verdict, wanted.verdict)
    assert (wanted.verdict == CANT_TELL) == (seconds < 1)
    notes = opened.page.locator("#notes li").all_text_contents()
    for told in (*wanted.doubts, *wanted.warnings):
        # Minutes and seconds are written otherwise; what is said is the same.
        assert any(told[:30].lower() in note.lower() for note in notes) or "stretch" in told, told
    bars = opened.page.locator("#bars button")
    assert bars.count() == len(wanted.windows)
    shares = bars.evaluate_all("bars => bars.map(bar => parseFloat(bar.style.height))")
    assert shares == pytest.approx([100 * window.p_fake for window in wanted.windows], abs=0.1)
    assert opened.page.locator("#name").text_content() == name


def test_what_cannot_be_judged_is_said(opened: Opened, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    soundfile.write(tmp_path / "blink.wav", np.full(RATE // 10, 0.1), RATE)
    (tmp_path / "text.wav").write_text("no audio here")
    for name, said in (
        ("silent.wav", "It is silent"),
        ("blink.wav", "It lasts 0.10 s"),
        ("text.wav", "text.wav cannot be read"),
    ):
        opened.judge(tmp_path / name, said)
        assert not opened.page.locator("#answer").is_visible()


def test_nothing_leaves_the_machine(opened: Opened, address: str, tmp_path: Path) -> None:
    """Neither asked for by the page, nor allowed if it were; and once it is loaded, not even its own server."""
    opened.judge(sounding(tmp_path / "a.wav", 1.5, 120))
    assert all(url.startswith((address, "blob:")) for url in opened.requests)
    before = len(opened.requests)
    opened.context.set_offline(True)
    opened.judge(sounding(tmp_path / "b.wav", 1.5, 220))
    opened.context.set_offline(False)
    assert all(url.startswith("blob:") for url in opened.requests[before:])
    complaints = list(opened.errors)
    assert complaints == []
    refused = opened.page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', error => String(error))")
    assert "Failed to fetch" in refused and any("Content Security Policy" in told for told in opened.errors)
    opened.errors.clear()


def test_it_fits_a_phone(viewer: Viewer, address: str, tmp_path: Path) -> None:
    phone = Opened(viewer, address, width=360)
    phone.judge(sounding(tmp_path / "a_recording_with_a_rather_long_name_as_phones_give_them.wav", 3, 120))
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone.context.close()


def test_from_a_file_it_says_how_to_open_it(viewer: Viewer, onnxruntime_web: Path, tmp_path: Path) -> None:
    from deepfake_audio.exporting.page import PARTS

    context = viewer.browser.new_context()
    page = context.new_page()
    page.goto((PARTS / "index.html").as_uri())
    assert "python -m http.server" in page.get_by_role("status").text_content()
    context.close()
