"""The survey: each clip heard once, what was heard kept, and heard again only when the file has changed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from deepfake_audio.audio.decoding import fingerprint
from deepfake_audio.audio.measures import MEASURES, measure
from deepfake_audio.audio.prints import track_print
from deepfake_audio.auditing.hearing import listen
from deepfake_audio.auditing.memory import read_kept
from deepfake_audio.auditing.survey import SURVEY, survey
from deepfake_audio.errors import UserError


def table(folder: Path, waves: list[np.ndarray]) -> pd.DataFrame:
    for number, wave in enumerate(waves):
        soundfile.write(str(folder / f"{number}.wav"), wave, 16_000, subtype="PCM_16")
    names = [f"c{number}" for number in range(len(waves))]
    return pd.DataFrame({"clip": names, "path": [f"{number}.wav" for number in range(len(waves))]})


def noises(count: int, seconds: float = 1.0) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(0, 0.1, int(16_000 * seconds)) for _ in range(count)]


def test_a_clip_tells_what_each_of_its_parts_tells_alone(tmp_path: Path) -> None:
    clips = table(tmp_path, noises(3, 1.7))
    heard = survey(clips, tmp_path, progress=False)
    for path, each in zip(clips["path"], heard.heard, strict=True):
        samples, _ = soundfile.read(str(tmp_path / path), dtype="int16")
        wave = (samples / 32768).astype(np.float32)
        assert each.fingerprint == fingerprint(samples)
        assert each.seconds == 1.7
        assert each.measures == measure(wave, 16_000)
        assert np.array_equal(each.track.words, track_print([wave], 16_000).words)
    assert list(heard.measures.columns) == ["clip", *MEASURES]
    assert list(heard.measures["clip"]) == list(clips["clip"])


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_the_fingerprint_is_of_the_sound_whatever_it_is_kept_in(tmp_path: Path, subtype: str) -> None:
    samples = np.round(np.random.default_rng(1).normal(0, 9_000, 40_000)).clip(-32768, 32767).astype(np.int16)
    soundfile.write(str(tmp_path / "x.wav"), samples / 32768, 16_000, subtype=subtype)
    assert listen(tmp_path / "x.wav").fingerprint == fingerprint(samples)


def test_what_was_heard_is_kept_and_only_changed_files_are_heard_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = table(tmp_path, noises(5))
    first = survey(clips, tmp_path, jobs=1, progress=False)
    soundfile.write(str(tmp_path / "3.wav"), noises(1, 0.5)[0], 16_000, subtype="PCM_16")
    files = []
    monkeypatch.setattr(
        sys.modules[survey.__module__], "listen", lambda file: files.append(file.name) or listen(file)
    )
    second = survey(clips, tmp_path, jobs=1, progress=False)
    assert files == ["3.wav"]
    assert second.fingerprints[3] != first.fingerprints[3] and second.heard[3].seconds == 0.5
    for before, after in zip(first.heard, second.heard, strict=True):
        if after.seconds == 1.0:
            assert before.fingerprint == after.fingerprint and before.measures == after.measures
            assert np.array_equal(before.track.words, after.track.words)
            assert np.array_equal(before.track.active, after.track.active)
    fewer = survey(clips.iloc[::-2], tmp_path, progress=False)
    assert fewer.fingerprints == second.fingerprints[::-2] and len(files) == 1


def test_each_corpus_remembers_its_own_whatever_it_is_joined_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """x + y, then y + z: y is known, and x still is after that; nothing is written where they only meet."""
    for name in "xyz":
        (tmp_path / name).mkdir()
        table(tmp_path / name, noises(2, 0.3))
    heard: list[str] = []
    monkeypatch.setattr(
        sys.modules[survey.__module__],
        "listen",
        lambda file: heard.append(str(file.relative_to(tmp_path.resolve()))) or listen(file),
    )

    def joined(names: str) -> None:
        paths = [f"{name}/{number}.wav" for name in names for number in range(2)]
        clips = pd.DataFrame({"clip": paths, "path": paths})
        told = survey(clips, tmp_path, jobs=1, progress=False, folders=[tmp_path / name for name in names])
        assert [each.seconds for each in told.heard] == [0.3] * len(paths)

    joined("xy")
    assert heard == ["x/0.wav", "x/1.wav", "y/0.wav", "y/1.wav"]
    joined("yz")
    assert heard[4:] == ["z/0.wav", "z/1.wav"]
    joined("xz")
    assert len(heard) == 6 and not (tmp_path / SURVEY).exists()
    # One corpus alone knows them too, also by a smaller table, which forgets nothing of the larger one.
    soundfile.write(str(tmp_path / "x" / "0.wav"), noises(1, 0.5)[0], 16_000, subtype="PCM_16")
    survey(pd.DataFrame({"clip": ["a"], "path": ["0.wav"]}), tmp_path / "x", jobs=1, progress=False)
    assert heard[6:] == ["x/0.wav"] and set(read_kept(tmp_path / "x" / SURVEY)) == {"0.wav", "1.wav"}
    # What is gone is forgotten with the next save.
    (tmp_path / "y" / "0.wav").unlink()
    soundfile.write(str(tmp_path / "y" / "1.wav"), noises(1, 0.5)[0], 16_000, subtype="PCM_16")
    survey(pd.DataFrame({"clip": ["a"], "path": ["1.wav"]}), tmp_path / "y", jobs=1, progress=False)
    assert set(read_kept(tmp_path / "y" / SURVEY)) == {"1.wav"}


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive", None])
def test_a_spoilt_survey_is_made_anew(tmp_path: Path, content: bytes | None) -> None:
    clips = table(tmp_path, noises(3))
    first = survey(clips, tmp_path, progress=False)
    whole = (tmp_path / SURVEY).read_bytes()
    (tmp_path / SURVEY).write_bytes(whole[: len(whole) // 2] if content is None else content)
    assert survey(clips, tmp_path, progress=False).fingerprints == first.fingerprints
    assert (tmp_path / SURVEY).read_bytes() == whole


def test_where_nothing_can_be_kept_it_goes_on_without(tmp_path: Path) -> None:
    clips = table(tmp_path, noises(2))
    (tmp_path / "file").touch()
    assert len(survey(clips, tmp_path, cache=tmp_path / "file" / SURVEY, progress=False).heard) == 2


def test_all_that_cannot_be_read_is_counted_and_the_rest_is_kept(tmp_path: Path) -> None:
    clips = table(tmp_path, noises(4))
    (tmp_path / "1.wav").write_bytes(b"RIFF and nothing")
    (tmp_path / "2.wav").unlink()
    soundfile.write(str(tmp_path / "3.wav"), np.zeros(0), 16_000)
    with pytest.raises(
        UserError, match=r"3 of 4 clips in .* cannot be read: 1\.wav .*2\.wav .*3\.wav \(it is empty\)"
    ):
        survey(clips, tmp_path, progress=False)
    wave = np.full(100, np.nan, np.float32)
    soundfile.write(str(tmp_path / "3.wav"), wave, 16_000, subtype="FLOAT")
    with pytest.raises(UserError, match=r"3\.wav \(it holds samples that are NaN"):
        survey(clips.iloc[[3]], tmp_path, progress=False)
    with pytest.raises(UserError, match="jobs=0"):
        survey(clips.iloc[[3]], tmp_path, jobs=0, progress=False)


def test_several_processes_hear_what_one_hears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[survey.__module__], "CLIPS_WORTH_A_POOL", 40)
    clips = table(tmp_path, noises(40, 0.3))
    alone = survey(clips, tmp_path, cache=tmp_path / "one.npz", jobs=1, progress=False)
    several = survey(clips, tmp_path, cache=tmp_path / "two.npz", jobs=2, progress=False)
    assert several.fingerprints == alone.fingerprints
    assert several.measures.equals(alone.measures)


def test_a_killed_survey_goes_on(tmp_path: Path) -> None:
    clips = table(tmp_path, noises(400, 0.5))
    clips.to_csv(tmp_path / "clips.csv", index=False)
    code = (
        "import pandas as pd, sys; from pathlib import Path; from deepfake_audio.auditing.survey import survey; "
        "s = sys.modules[survey.__module__]; "
        "s.SAVE_EVERY_SECONDS = 0.05; root = Path('.'); "
        "s.survey(pd.read_csv('clips.csv'), root, jobs=1, progress=False)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    patience = time.monotonic() + 60
    while not (tmp_path / SURVEY).is_file():
        assert process.poll() is None and time.monotonic() < patience
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    known = len(read_kept(tmp_path / SURVEY))
    assert 0 < known < 400, "it must be killed in the middle"
    whole = survey(clips, tmp_path, jobs=1, progress=False)
    anew = survey(clips, tmp_path, cache=tmp_path / "anew.npz", jobs=1, progress=False)
    assert whole.fingerprints == anew.fingerprints


def test_an_hour_takes_no_more_memory_than_minutes(tmp_path: Path) -> None:
    def peak(minutes: int) -> int:
        file = tmp_path / f"{minutes}.wav"
        minute = np.random.default_rng(0).integers(-3_000, 3_000, 8_000 * 60, dtype=np.int16)
        with soundfile.SoundFile(str(file), "w", 8_000, 1, subtype="PCM_16") as out:
            for _ in range(minutes):
                out.write(minute)
        tracemalloc.start()
        heard = listen(file)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert heard.seconds == heard.measures["seconds"] == minutes * 60
        return most

    assert peak(30) < 1.1 * peak(6)


def test_of_a_long_clip_both_ends_are_measured(tmp_path: Path) -> None:
    speech = np.random.default_rng(0).normal(0, 0.1, 16_000 * 150)
    speech[: 16_000 * 2] = 0
    speech[-16_000 * 3 :] = 0
    soundfile.write(str(tmp_path / "x.wav"), speech, 16_000, subtype="PCM_16")
    measures = listen(tmp_path / "x.wav").measures
    assert measures["leading_silence_seconds"] == pytest.approx(2, abs=0.05)
    assert measures["trailing_silence_seconds"] == pytest.approx(3, abs=0.05)
    assert measures["seconds"] == 150
