"""The hardest clips: the right ones, with a sound and a picture that fit on a page, or a word on why not."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from deepfake_audio.report.hardest import NEAREST, WRONG_OF_A_KIND, hardest_clips
from deepfake_audio.report.sections.hardest import SOUND_BYTES, hardest_section
from deepfake_audio.report.sound import PLAYED_HZ, fitting, opening, player
from deepfake_audio.runs import RunFolder, read_scores

from ..scored import made_scores
from .heard import heard_run
from .test_report import Outline


def test_they_are_the_surest_mistakes_of_different_voices() -> None:
    scores = made_scores("test", distance=0.8)
    missed, alarms, nearest = (kind.clips for kind in hardest_clips(scores, 0.4))
    wrong = {
        1: scores[(scores["label"] == 1) & (scores["p_fake"] < 0.4)].groupby("voice")["p_fake"].min(),
        0: scores[(scores["label"] == 0) & (scores["p_fake"] >= 0.4)].groupby("voice")["p_fake"].max(),
    }
    assert list(missed["p_fake"]) == sorted(wrong[1])[:WRONG_OF_A_KIND]
    assert list(alarms["p_fake"]) == sorted(wrong[0], reverse=True)[:WRONG_OF_A_KIND]
    assert set(missed["label"]) == {1} and set(alarms["label"]) == {0}
    assert len(nearest) == NEAREST
    assert not set(nearest["clip"]) & (set(missed["clip"]) | set(alarms["clip"]))
    # No clip of a voice that is not shown lies nearer in log-odds.
    distance = abs(scores["logit"] - np.log(0.4 / 0.6))
    assert distance[nearest.index[0]] == pytest.approx(distance.drop([*missed.index, *alarms.index]).min())


def test_where_there_is_no_mistake_there_is_none_to_show() -> None:
    missed, alarms, nearest = hardest_clips(made_scores("test", distance=40), 0.5)
    assert missed.clips.empty and alarms.clips.empty and len(nearest.clips) == NEAREST


def test_a_recording_is_heard_at_its_pitch_and_turned_down_only_where_it_clips(tmp_path: Path) -> None:
    rate = 44_100
    tone = np.sin(2 * np.pi * 1000 * np.arange(10 * rate) / rate)
    quiet, loud = tmp_path / "quiet.wav", tmp_path / "loud.wav"
    soundfile.write(quiet, np.stack([0.1 * tone] * 2, axis=1), rate, subtype="FLOAT")
    soundfile.write(loud, 4 * tone, rate, subtype="FLOAT")
    heard = opening(quiet)
    assert len(heard) == 8 * PLAYED_HZ
    assert np.argmax(np.abs(np.fft.rfft(heard))) / 8 == pytest.approx(1000)
    assert np.abs(heard[1000:-1000]).max() == pytest.approx(0.1, rel=0.02)
    assert np.abs(opening(loud)).max() == pytest.approx(1)


def test_even_noise_fits_into_its_share_and_comes_back_as_it_was() -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, 8 * PLAYED_HZ)
    heard, data = fitting(noise, 100_000)
    assert 50_000 < len(data) <= 100_000
    address = re.search(r'src="data:audio/flac;base64,([^"]+)"', player(data, "a <b>"))
    assert address
    decoded, rate = soundfile.read(io.BytesIO(base64.b64decode(address.group(1))))
    assert rate == PLAYED_HZ
    assert decoded == pytest.approx(noise[: len(heard)], abs=2**-14)
    assert len(fitting(noise[:100], 100_000)[0]) == 100


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return heard_run(tmp_path_factory.mktemp("heard"))


def html(run: RunFolder, sound: bool = True) -> str:
    """The section, with its pictures' names in their place: to draw them takes a while."""
    scores = read_scores(run.scores("test"))
    return hardest_section(run, scores, 0.5, lambda name, figure: f"<svg>{name}</svg>", sound)


def section(run: RunFolder, sound: bool = True) -> Outline:
    """What the page says of the hardest clips."""
    return Outline(html(run, sound))


def test_each_comes_with_a_player_and_the_page_says_what_that_means(run: RunFolder) -> None:
    told = section(run)
    players = [each for each in told.addresses if each.startswith("data:audio/flac")]
    chosen = re.findall(r"(?:fake|real), P\(fake\) .+?, system", told.text)
    assert len(players) == len(chosen) > NEAREST
    assert sum(map(len, players)) < SOUND_BYTES * 4 / 3 + 1000
    assert "pass it on only where you may pass them on" in told.text
    assert "examples.html" not in told.addresses
    run.report.mkdir()
    (run.report / "examples.html").write_text("")
    assert "examples.html" in section(run, sound=False).addresses


def test_each_clip_has_a_spectrogram_of_its_own(run: RunFolder) -> None:
    articles = re.findall(r"<article>.*?</article>", html(run))
    assert len(articles) > NEAREST
    for number, article in enumerate(articles, start=1):
        clip = re.search(r"<strong>(.*?)</strong>", article)
        assert clip
        assert f"<svg>hardest_{number}</svg>" in article
        assert re.search(rf'aria-label="Spectrogram of {re.escape(clip.group(1))}: \d\.\d s', article)
    assert "<svg>" not in html(run, sound=False)


def test_what_cannot_be_heard_is_said(run: RunFolder) -> None:
    assert "Recordings were left out" in section(run, sound=False).text
    for wav in run.path.parent.glob("*.wav"):
        wav.write_bytes(b"damaged")
    assert "cannot be read here" in section(run).text
    (run.path.parent / "clips.csv").unlink()
    told = section(run)
    assert "There is nothing to hear or to see:" in told.text and "is missing" in told.text
    assert "Fakes it took for real" in told.text and "audio" not in told.tags
