"""Leaks: every planted one is found, and nothing is found where nothing was planted."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from deepfake_audio.auditing import audit_clips, in_words
from deepfake_audio.auditing.leaks import FORBIDDEN, KINDS, find_leaks
from deepfake_audio.auditing.survey import Survey, survey
from deepfake_audio.errors import UserError

from .planted import CHANGES, plant


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("planted")


@pytest.fixture(scope="module")
def planted(root: Path) -> pd.DataFrame:
    return plant(root)


@pytest.fixture(scope="module")
def heard(root: Path, planted: pd.DataFrame) -> Survey:
    return survey(planted, root, progress=False)


def part(clips: pd.DataFrame, heard: Survey, chosen: pd.Series) -> tuple[pd.DataFrame, Survey]:
    rows = [number for number, one in enumerate(chosen) if one]
    fewer = Survey(tuple(heard.clips[row] for row in rows), tuple(heard.heard[row] for row in rows))
    return clips[chosen].reset_index(drop=True), fewer


@pytest.fixture
def table() -> pd.DataFrame:
    """Ten people on each side, who share nothing."""
    sides = [side for side in ("train", "val", "test") for _ in range(20)]
    names = [f"c{number:02d}" for number in range(60)]
    return pd.DataFrame(
        {
            "clip": names,
            "path": [f"{name}.wav" for name in names],
            "label": [number % 2 for number in range(60)],
            "voice": [f"v{number // 2}" for number in range(60)],
            "face": [f"f{number // 2}" for number in range(60)],
            "fingerprint": [f"{number:032x}" for number in range(60)],
            "split": sides,
        }
    )


def test_each_of_220_planted_tracks_is_found_and_nothing_else(planted: pd.DataFrame, heard: Survey) -> None:
    told = find_leaks(planted, heard)
    holds = planted["planted"] != ""
    assert holds.sum() == 11 * len(CHANGES) >= 200
    copies = int((planted["planted"] == "copy").sum())
    assert told["leaks"]["track"]["test_clips"] == copies
    near = told["leaks"]["near_track"]
    # The words of a clip that is a copy of one and nearly a copy of another of its kind are counted in both.
    assert near["test_clips"] + copies >= holds.sum()
    assert not told["passed"]
    for name in CHANGES:
        chosen = (planted["split"] != "test") | (planted["planted"] == name)
        few, few_heard = part(planted, heard, chosen)
        leaks = find_leaks(few, few_heard)["leaks"]
        kind = "track" if name == "copy" else "near_track"
        caught = leaks["track"]["test_clips"] + leaks["near_track"]["test_clips"]
        assert caught == 11 and leaks[kind]["test_clips"] == 11, name
        for example in leaks[kind]["examples"]:
            pair = few.set_index("clip").loc[example["clips"]]
            assert sorted(pair["split"]) == sorted(example["splits"])
            assert pair["of"].max() in example["clips"], "the partner is the clip it was made of"


def test_a_clean_side_stays_clean(planted: pd.DataFrame, heard: Survey) -> None:
    clean, clean_heard = part(planted, heard, planted["planted"] == "")
    told = find_leaks(clean, clean_heard, forbid=KINDS[:1] + KINDS[2:])
    assert told["passed"] and {kind: leak["found"] for kind, leak in told["leaks"].items()} == {
        "voice": 0,
        "track": 0,
        "near_track": 0,
        "name": 0,
    }
    assert told["words"] == []


@pytest.mark.parametrize(
    ("kind", "column", "value"),
    [("voice", "voice", "v0"), ("face", "face", "f0"), ("track", "fingerprint", f"{0:032x}")],
)
def test_a_name_on_two_sides_is_found(table: pd.DataFrame, kind: str, column: str, value: str) -> None:
    assert find_leaks(table, forbid=[kind])["passed"]
    table.loc[57, column] = value
    leak = find_leaks(table, forbid=[kind])
    assert not leak["passed"] and leak["leaks"][kind]["found"] == leak["leaks"][kind]["test_clips"] == 1
    assert leak["leaks"][kind]["share_of_test"] == 1 / 20
    example = leak["leaks"][kind]["examples"][0]
    assert (
        example["clips"][1] == "c57" and example["splits"] == ["train", "test"] and value in example["what"]
    )


def test_a_file_name_is_told_whatever_its_folder_case_and_kind(table: pd.DataFrame) -> None:
    table.loc[57, "path"] = "fake/deep/C03.FLAC"
    told = find_leaks(table, forbid=["voice"])
    assert told["passed"] and told["leaks"]["name"]["found"] == 1
    assert not told["leaks"]["name"]["forbidden"] and "1 file name on more than one side" in told["words"][0]


def test_a_leak_between_train_and_val_is_one_too(table: pd.DataFrame) -> None:
    table.loc[25, "voice"] = "v0"
    leak = find_leaks(table, forbid=["voice"])["leaks"]["voice"]
    assert (leak["found"], leak["test_clips"]) == (1, 0)


def test_many_leaks_are_counted_and_twenty_shown(table: pd.DataFrame) -> None:
    many = pd.concat(
        [table.assign(clip=table["clip"] + str(n), voice=table["voice"] + str(n)) for n in range(9)]
    )
    both = pd.concat([many.assign(split="train"), many.assign(clip=many["clip"] + "t", split="test")])
    leak = find_leaks(both, forbid=["voice"])["leaks"]["voice"]
    assert leak["found"] == 270 and leak["test_clips"] == 540 and leak["share_of_test"] == 1
    assert len(leak["examples"]) == 20


def test_what_cannot_be_looked_for_has_not_passed(table: pd.DataFrame) -> None:
    told = find_leaks(table, forbid=FORBIDDEN)
    assert not told["passed"] and "near_track" not in told["leaks"]
    assert any("can't be looked for: no audio was read" in line for line in told["words"])
    assert not find_leaks(table.drop(columns="face"), forbid=["face"])["passed"]
    assert find_leaks(table.drop(columns=["face", "fingerprint"]), forbid=["voice"])["passed"]
    with pytest.raises(UserError, match="forbid=voices is not known"):
        find_leaks(table, forbid=["voices"])


def test_unknown_voices_and_empty_cells_are_no_voices_in_common(table: pd.DataFrame) -> None:
    table["face"] = ""
    table.loc[[3, 50], "voice"] = ["clip:a", "clip:b"]
    told = find_leaks(table, forbid=["voice", "face"])
    assert told["passed"] and told["leaks"]["face"]["found"] == 0
    assert told["words"] == ["the voice of 2 clips is unknown: they may leak voices that nobody can see"]


def test_what_fakes_were_made_of_is_told_where_it_is_on_two_sides(table: pd.DataFrame) -> None:
    sources = pd.Series("", index=table.index)
    sources[[1, 3, 21, 41]] = ["c00", "c02", "elsewhere", "elsewhere"]
    assert (
        find_leaks(table.assign(source_clip=sources.where(sources.index < 41, "")), forbid=[])["words"] == []
    )
    sources[45] = "c02"
    told = find_leaks(table.assign(source_clip=sources), forbid=["voice"])
    assert told["passed"]
    assert told["words"] == ["2 source_clips are on more than one side, in 2 test clips: c02, elsewhere"]
    told = find_leaks(table.assign(source_voice=["v0" if row == 59 else "" for row in range(60)]), forbid=[])
    assert told["words"] == ["1 source_voice is on more than one side, in 1 test clip: v0"]


def test_one_track_under_two_voices_or_labels_is_told(planted: pd.DataFrame, heard: Survey) -> None:
    one_side = planted.assign(split="test", label=[1 if name else 0 for name in planted["planted"]])
    told = find_leaks(one_side, heard)
    assert told["passed"], "within one side nothing leaks"
    voices, labels = told["words"]
    assert "under two voices, such as" in voices and "is the voice column right?" in voices
    assert "under two labels, such as" in labels
    same = one_side.assign(voice="v", label=0)
    assert find_leaks(same, heard)["words"] == []


def test_a_clip_of_another_length_than_the_table_says_is_told(planted: pd.DataFrame, heard: Survey) -> None:
    clean, clean_heard = part(planted, heard, planted["planted"] == "")
    stated = clean.assign(seconds=[4.0, *(each.seconds for each in clean_heard.heard[1:])])
    (told,) = find_leaks(stated, clean_heard)["words"]
    assert told.startswith(
        "1 clip is not as long as the table says: a0000.wav (4.0 s in the table, 2.5 s heard)"
    )


def test_the_whole_audit_is_plain_and_readable(root: Path, planted: pd.DataFrame) -> None:
    audit = audit_clips(planted, root, progress=False)
    told = audit.told
    assert list(audit.measured["clip"]) == list(planted["clip"])
    assert set(told) == {"n_clips", "n_voices", "leaks", "shortcuts", "passed", "words"}
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    text = in_words(told)
    assert "NOT passed" in text and "FORBIDDEN" in text and max(map(len, text.splitlines())) < 400
    assert "shortcuts" not in audit_clips(planted, root, shortcuts=False, progress=False).told
