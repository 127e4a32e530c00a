"""Films of which seconds are faked: the label is of the sound, the picture has none to give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deepfake_audio.clips import check_clips
from deepfake_audio.corpora.av_deepfake1m import AVDeepfake1M
from deepfake_audio.corpora.lav_df import LAVDF
from deepfake_audio.errors import UserError


def film(
    name: str, video: bool, audio: bool, original: str | None = None, split: str = "train"
) -> dict[str, Any]:
    """An entry with the keys that LAV-DF's have."""
    periods = [[0.4, 1.25], [3.1, 3.9]] if video or audio else []
    return {
        "file": f"{split}/{name}.mp4", "n_fakes": len(periods), "fake_periods": periods, "timestamps": [],
        "duration": 5.0, "transcript": "", "original": original, "modify_video": video, "modify_audio": audio,
        "split": split, "video_frames": 125, "audio_channels": 1, "audio_frames": 80_000,
    }  # fmt: skip


FILMS = [
    film("000000", False, False),
    film("000001", False, True, "train/000000.mp4"),
    film("000002", True, False, "train/000000.mp4"),
    film("000003", True, True, "dev/000009.mp4", "dev"),
]


@pytest.mark.parametrize("nest", ["", "LAV-DF/"])
@pytest.mark.parametrize("name", ["metadata.json", "metadata.min.json"])
def test_lav_df(tmp_path: Path, nest: str, name: str) -> None:
    (tmp_path / nest / "train").mkdir(parents=True)
    (tmp_path / nest / name).write_text(json.dumps(FILMS))
    clips = check_clips(LAVDF(tmp_path).index(), "index").set_index("clip")
    told = clips[["label", "voice", "category", "own_split", "fake_segments", "system"]].T.to_dict("list")
    assert told == {
        "train/000000": [0, "clip:train/000000", "RealVideo-RealAudio", "train", "", "bonafide"],
        "train/000001": [
            1,
            "clip:train/000000",
            "RealVideo-FakeAudio",
            "train",
            "0.40-1.25;3.10-3.90",
            "rtvc",
        ],
        "train/000002": [0, "clip:train/000000", "FakeVideo-RealAudio", "train", "", "bonafide"],
        "dev/000003": [1, "clip:dev/000009", "FakeVideo-FakeAudio", "val", "0.40-1.25;3.10-3.90", "rtvc"],
    }
    assert clips.loc["train/000001", "media"] == f"{nest}train/000001.mp4"


def test_lav_df_names_wrong_entries(tmp_path: Path) -> None:
    file = tmp_path / "metadata.json"
    for entries, message in [
        (
            [*FILMS, FILMS[1]],
            r"2 of 5 entries .*named more than once: entry 2 \(train/000001\.mp4\), entry 5",
        ),
        (
            [FILMS[0] | {"split": "trian"}],
            r"split is none of train, dev, test: entry 1 \(train/000000\.mp4\)",
        ),
        *(
            (
                [FILMS[0], FILMS[1] | {"fake_periods": periods}],
                r"fake_periods is no list .*: entry 2 \(train/000001",
            )
            for periods in (None, 3, "0.4-1.2", [0.4, 1.2], [[0.4]], [["0", "1"]], [[2, 1]])
        ),
        *(
            ([FILMS[0], FILMS[1] | {"file": file}], "file is no text: entry 2")
            for file in (None, 7, ["x"], "")
        ),
        ([FILMS[0] | {"split": ["train"]}], "split is no text: entry 1"),
        ([FILMS[0] | {"modify_audio": []}], "modify_audio is neither true nor false: entry 1"),
        ([FILMS[0] | {"original": 7}], "original is no text: entry 1"),
        (
            [film("a", False, True, "train/b.mp4"), film("b", False, True, "train/a.mp4")],
            r"2 of 2 .*go round in a circle: entry 1 \(train/a\.mp4\), entry 2",
        ),
        ([FILMS[0], {"file": "x"}], "entry 2 has no split, modify_video"),
        ({}, "is no list"),
    ]:
        file.write_text(json.dumps(entries))
        with pytest.raises(UserError, match=message):
            LAVDF(metadata=file).index()
    file.write_text("[")
    with pytest.raises(UserError, match="is no valid JSON"):
        LAVDF(metadata=file).index()


def test_lav_df_s_originals_are_followed_to_the_end_and_told_where_there_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    films = [
        film("3", False, True, "train/2.mp4"),
        film("2", True, False, "train/1.mp4"),
        film("1", False, False),
        film("4", False, True, "train/gone.mp4"),
        film("5", True, False, "train/gone.mp4"),
        film("6", False, False, "train/6.mp4"),
    ]
    (tmp_path / "metadata.json").write_text(json.dumps(films))
    clips = LAVDF(tmp_path).index().set_index("clip")
    voices = [f"clip:train/{name}" for name in ("1", "1", "1", "gone", "gone", "6")]
    assert clips["voice"].tolist() == voices
    told = capsys.readouterr().err
    assert (
        told.count("\n") == 1
        and "2 of 6 films have an original that is no file here: train/gone.mp4;" in told
    )


def test_a_fake_that_names_no_seconds_is_one_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "metadata.json").write_text(
        json.dumps([FILMS[0], FILMS[1] | {"fake_periods": []}, FILMS[2] | {"fake_periods": []}])
    )
    clips = LAVDF(tmp_path).index()
    assert clips["label"].tolist() == [0, 1, 0] and set(clips["fake_segments"]) == {""}
    assert (
        "1 of 1 fakes don't say which seconds are fake: entry 2 (train/000001.mp4)" in capsys.readouterr().err
    )
    file = tmp_path / "train_metadata.json"
    file.write_text(json.dumps([spoken("a", "audio_modified", []), spoken("b", "both_modified", [[0, 1]])]))
    clips = AVDeepfake1M(tmp_path, parts="train").index()
    assert clips[["label", "fake_segments"]].to_numpy().tolist() == [[1, ""], [1, "0.00-1.00"]]
    assert "1 of 2 fakes don't say" in capsys.readouterr().err
    for entry, message in [
        (spoken("a", "real", []) | {"file": 3}, "file is no text: entry 1"),
        (spoken("a", "real", []) | {"modify_type": ["real"]}, "modify_type is no text: entry 1"),
        (spoken("a", "real", []) | {"audio_fake_segments": None}, "audio_fake_segments is no list"),
    ]:
        file.write_text(json.dumps([entry]))
        with pytest.raises(UserError, match=message):
            AVDeepfake1M(tmp_path, parts="train").index()


def spoken(name: str, kind: str, audio: list[list[float]], model: str | None = "vits") -> dict[str, Any]:
    """An entry with the keys that AV-Deepfake1M's have."""
    return {
        "file": f"id00012/21Uxsk56VDQ/00001/{name}.mp4", "original": None, "split": "train", "modify_type": kind,
        "audio_model": model, "fake_segments": audio, "audio_fake_segments": audio, "visual_fake_segments": [],
        "video_frames": 100, "audio_frames": 64_000,
    }  # fmt: skip


def test_av_deepfake1m(tmp_path: Path) -> None:
    train = [
        spoken("real", "real", [], None),
        spoken("real_video_fake_audio", "audio_modified", [[2, 2.5]]),
        # Seconds of sound where only the picture was touched make no fake.
        spoken("fake_video_real_audio", "visual_modified", [[2, 2.5]], ""),
        spoken("fake_video_fake_audio", "both_modified", [[0.1, 0.3]], None),
    ]
    (tmp_path / "train_metadata.json").write_text(json.dumps(train))
    (tmp_path / "val_metadata.json").write_text(
        json.dumps([spoken("real", "real", []) | {"file": "lrs3/x/real.mp4"}])
    )
    clips = check_clips(AVDeepfake1M(tmp_path).index(), "index").set_index("clip")
    told = clips[["label", "voice", "system", "category", "own_split", "fake_segments"]].T.to_dict("list")
    above = "train/id00012/21Uxsk56VDQ/00001"
    assert told == {
        f"{above}/real": [0, "id00012", "bonafide", "RealVideo-RealAudio", "train", ""],
        f"{above}/real_video_fake_audio": [1, "id00012", "vits", "RealVideo-FakeAudio", "train", "2.00-2.50"],
        f"{above}/fake_video_real_audio": [0, "id00012", "bonafide", "FakeVideo-RealAudio", "train", ""],
        f"{above}/fake_video_fake_audio": [
            1,
            "id00012",
            "unknown",
            "FakeVideo-FakeAudio",
            "train",
            "0.10-0.30",
        ],
        "val/lrs3/x/real": [0, "clip:lrs3/x", "bonafide", "RealVideo-RealAudio", "val", ""],
    }
    assert clips.loc[f"{above}/real", "media"] == f"{above}/real.mp4"
    (tmp_path / "val_metadata.json").write_text(json.dumps([spoken("x", "sound_modified", [])]))
    with pytest.raises(
        UserError, match=r"val_metadata\.json: 1 of 1 .*modify_type is none of real, audio_modified"
    ):
        AVDeepfake1M(tmp_path).index()
    with pytest.raises(UserError, match="not test"):
        AVDeepfake1M(tmp_path, parts=["test"]).index()
