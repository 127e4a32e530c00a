"""What the words say is what the figures say."""

from __future__ import annotations

import io
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import soundfile

from deepfake_audio.serving.desk import LONGEST_NAME, plain_name
from deepfake_audio.serving.result import as_verdict, refused, result
from deepfake_audio.serving.sights import as_mp3
from deepfake_audio.serving.timeline import MOST_BARS, thinned, timeline
from deepfake_audio.serving.words import OF_TOYS, clock, told
from deepfake_audio.verdict import CANT_TELL, Segment, Verdict, WindowScore

CONFIG: dict[str, Any] = {
    "threshold": {
        "threshold": 0.5,
        "recall": 0.975,
        "false_alarm_rate": 0.031,
        "n_clips": 80,
        "n_voices": 9,
        "interval": [0.4, 0.62],
    },
    "split": {"counts": {"val": {"fake": 40, "real": 32}}},
    "calibration": {"kind": "platt", "prevalence": 0.5},
    "corpus": "somewhere",
}
WINDOWS = (WindowScore(0, 2, 0.2), WindowScore(2, 4, 0.97), WindowScore(4, 6, 0.4))
FAKE = Verdict("a.wav", 0.93, "fake", 0.5, 2.6, 6.0, WINDOWS, segments=(Segment(2, 4, 0.97),))


def test_a_quote_stands_by_itself() -> None:
    quote = told(FAKE, CONFIG).quote
    assert quote == (
        "At the threshold 0.500, which on validation caught 97.5 % of the 40 fakes and called 3.1 % of the 32 reals "
        "fake, the voice in this recording (6.0 s) is called FAKE: P(fake) is 0.930."
    )


def test_a_quote_tells_what_was_measured_on_test_where_that_is_known() -> None:
    """The threshold was chosen on validation: what it did there is no promise."""
    on_test = {
        "n_real": 200,
        "n_fake": 100,
        "recall": 0.41,
        "false_alarm_rate": 0.111,
        "f2": 0.4,
        "f2_all_fake": 0.7,
    }
    quote = told(FAKE, {**CONFIG, "measured": on_test}).quote
    assert "which on test caught 41 % of the 100 fakes and called 11.1 % of the 200 reals fake" in quote
    assert "validation" not in quote


def test_a_moved_threshold_is_not_credited_with_what_another_did() -> None:
    moved = replace(FAKE, threshold=0.7)
    words = told(moved, CONFIG)
    assert "validation" not in words.quote
    assert not any("chosen on" in line for line in words.certainty)


@pytest.mark.parametrize(("share", "says"), [(0.0, "none of the 32 reals"), (1.0, "all of the 32 reals")])
def test_none_and_all_are_no_percentages(share: float, says: str) -> None:
    config = {**CONFIG, "threshold": {**CONFIG["threshold"], "false_alarm_rate": share}}
    assert says in told(FAKE, config).quote


def test_it_never_says_more_than_is_known() -> None:
    """A detector that nothing is known of gets no figures, and is said to be uncalibrated."""
    words = told(FAKE, {"threshold": {"threshold": 0.5}})
    assert words.quote.startswith("At the threshold 0.500, the voice")
    assert any("not calibrated" in line for line in words.certainty)


@pytest.mark.parametrize(("p_fake", "where"), [(0.45, "lies among"), (0.93, "lies outside")])
def test_the_thresholds_own_uncertainty(p_fake: float, where: str) -> None:
    words = told(replace(FAKE, p_fake=p_fake), CONFIG)
    assert any("0.400 to 0.620" in line and where in line for line in words.certainty)


def test_cant_tell_gives_its_reasons_and_calls_it_neither() -> None:
    verdict = replace(FAKE, verdict=CANT_TELL, doubts=("mostly silent: 0.4 s of speech",))
    words = told(verdict, CONFIG)
    assert words.headline == "CAN'T TELL"
    assert words.reasons == ("Mostly silent: 0.4 s of speech.",)
    assert "FAKE" not in words.quote and "leans to fake" in words.quote


def test_near_certain_is_not_certain() -> None:
    assert ">0.999" in told(replace(FAKE, p_fake=0.99999), CONFIG).quote


@pytest.mark.parametrize(
    ("high", "says"),
    [(0, "None of its 3"), (1, "1 of its 3 windows reaches the threshold by itself (2.0 s to 4.0 s)"),
     (2, "2 of its 3 windows reach"), (3, "All of its 3 windows reach")],
)  # fmt: skip
def test_windows_are_counted(high: int, says: str) -> None:
    windows = tuple(replace(each, p_fake=0.97 if n < high else 0.2) for n, each in enumerate(WINDOWS))
    lines = told(replace(FAKE, windows=windows), CONFIG).certainty
    assert lines[0].startswith(says)
    assert not told(replace(FAKE, windows=WINDOWS[:1]), CONFIG).certainty[0].startswith(("None", "All"))


def test_toy_voices_are_told_of() -> None:
    assert OF_TOYS in told(FAKE, {**CONFIG, "corpus": "toy"}).cautions
    assert OF_TOYS not in told(FAKE, CONFIG).lines


@pytest.mark.parametrize(("seconds", "says"), [(2.5, "2.5 s"), (62, "1:02"), (3607, "1:00:07")])
def test_places(seconds: float, says: str) -> None:
    assert clock(seconds) == says


class Tags(HTMLParser):
    """What a browser would make of a page: its tags and their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [tag, *(name for name, _ in attrs)]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_nothing_that_a_stranger_says_becomes_a_tag() -> None:
    evil = "<img src=x onerror=alert(1)>\"'"
    verdict = replace(FAKE, file=evil, warnings=(evil,), doubts=(evil,)).to_dict()
    answer = {"verdict": verdict, "sights": {"sound": "", "picture": "<svg></svg>", "words": [evil]}}
    for html in (result(answer, CONFIG), refused(evil)):
        tags = Tags(html)
        assert "img" not in tags.found and "onerror" not in tags.found
        assert evil in tags.text


def test_a_verdict_survives_the_way_there_and_back() -> None:
    assert as_verdict(FAKE.to_dict()) == FAKE


@pytest.mark.parametrize("count", [1, 3, MOST_BARS, MOST_BARS + 1, 5000])
def test_bars_cover_the_whole_and_hide_no_peak(count: int) -> None:
    windows = [WindowScore(n, n + 1, (n % 97) / 100) for n in range(count)]
    bars = thinned(windows)
    assert len(bars) <= MOST_BARS
    assert (bars[0].start_seconds, bars[-1].end_seconds) == (0, count)
    assert max(bar.p_fake for bar in bars) == max(window.p_fake for window in windows)
    assert all(left.end_seconds == right.start_seconds for left, right in pairwise(bars))


def test_bars_jump_to_where_they_stand() -> None:
    html = timeline(FAKE, "")
    assert [f'data-at="{at}"' in html for at in ("0.000", "2.000", "4.000", "1.000")] == [
        True,
        True,
        True,
        False,
    ]
    assert html.count('class="bar fake"') == 1 and html.count('class="bar real"') == 2


@pytest.mark.parametrize(
    ("name", "plain"),
    [("a.wav", "a.wav"), ("../../a.wav", "a.wav"), ("C:\\x\\a.wav", "a.wav"), ("", "recording"), ("/", "recording"),
     ("a\x00\n\u202eb.wav", "ab.wav")],
)  # fmt: skip
def test_names_are_for_showing(name: str, plain: str) -> None:
    assert plain_name(name) == plain
    assert len(plain_name("x" * 1000 + ".wav")) == LONGEST_NAME


@pytest.mark.parametrize("rate", [16_000, 48_000, 17_000])
def test_what_the_page_plays_is_what_was_heard(rate: int) -> None:
    """A tone comes back at its pitch and its level, from any rate; what would clip is turned down."""
    seconds = np.arange(2 * rate) / rate
    for level, back in ((0.5, 0.5), (3.0, 1.0)):
        wave = (level * np.sin(2 * np.pi * 1000 * seconds)).astype(np.float32)
        played, played_hz = soundfile.read(io.BytesIO(as_mp3(wave, rate)))
        assert len(played) / played_hz == pytest.approx(2, abs=0.15)
        middle = played[played_hz // 2 :][:played_hz]
        spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
        assert np.argmax(spectrum) == pytest.approx(1000, abs=2)
        assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(back, rel=0.05)
