"""A corpus of fakes: what each row says, and that neither a kill nor haste nor order changes a byte."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from deepfake_audio.audio.decoding import fingerprint
from deepfake_audio.clips import write_clips
from deepfake_audio.errors import UserError
from deepfake_audio.files import alone_in
from deepfake_audio.forging.corpus import forge_corpus, plan_fakes
from deepfake_audio.joined import read_corpora
from deepfake_audio.splitting import split_clips

QUICK = ["lpc", "codec"]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, voices: list[np.ndarray]) -> tuple[pd.DataFrame, Path]:
    """Twelve real clips by six voices and two fakes, with the columns that corpora bring along."""
    root = tmp_path_factory.mktemp("source")
    rows = []
    for number, wave in enumerate([*voices, *voices[:2]]):
        real = number < 12
        path = f"wav/{'real' if real else 'fake'}/{number:02d}.{'wav' if number % 2 else 'flac'}"
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(root / path, wave[:12_000], 16_000, subtype="PCM_16")
        voice = f"v{number % 6}"
        rows.append(
            {"clip": f"c{number:02d}", "path": path, "label": int(not real), "voice": voice, "face": f"f{number}",
             "system": "human" if real else "tts", "method": "real", "gender": "women", "corpus": "home",
             "seconds": 0.75, "own_split": "train", "media": f"{number}.mp4", "codec": "aac"}
        )  # fmt: skip
    return pd.DataFrame(rows), root


def tree(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*.wav"))
    }


def forge(
    source: tuple[pd.DataFrame, Path], out: Path, **settings: object
) -> tuple[pd.DataFrame, pd.DataFrame]:
    return forge_corpus(*source, out, **{"systems": QUICK, "jobs": 1, "progress": False, **settings})  # type: ignore[arg-type]


def test_each_real_clip_becomes_a_fake_that_keeps_what_its_source_is(
    source: tuple[pd.DataFrame, Path], tmp_path: Path
) -> None:
    done, failures = forge(source, tmp_path)
    assert failures.empty and not done["already_there"].any()
    real = source[0][source[0]["label"] == 0].set_index("clip")
    assert sorted(done["source_clip"]) == sorted(real.index)
    for _, row in done.iterrows():
        origin = real.loc[row["source_clip"]]
        for column in ("voice", "face", "gender", "own_split", "codec"):
            assert row[column] == origin[column]
        assert row["label"] == 1 and row["system"] in {"forged_lpc", "forged_codec"}
        assert (row["corpus"], row["voice_corpus"], row["method"]) == ("home_forged", "home", "forged")
        name = row["system"].removeprefix("forged_")
        assert row["clip"] == f"{name}/{row['source_clip']}"
        assert row["path"] == f"wav/{name}/real/{row['source_clip'][1:]}.wav"
        samples, rate = soundfile.read(tmp_path / row["path"], dtype="int16")
        assert rate == 16_000 and len(samples) == 12_000 and row["seconds"] == 0.75
        assert row["fingerprint"] == fingerprint(samples)
    assert set(done["system"]) == {"forged_lpc", "forged_codec"}
    assert "media" not in done and "source_path" not in done


def test_a_run_that_was_killed_ends_as_an_undisturbed_one(
    source: tuple[pd.DataFrame, Path], tmp_path: Path
) -> None:
    whole, _ = forge(source, tmp_path / "whole")
    forge(source, tmp_path / "killed")
    wavs = sorted((tmp_path / "killed").rglob("*.wav"))
    wavs[0].unlink()
    wavs[1].write_bytes(wavs[1].read_bytes()[:500])
    soundfile.write(wavs[2], np.zeros(5), 16_000, subtype="PCM_16")
    wavs[3].with_name(f".{wavs[3].stem}.part.wav").write_bytes(b"half")
    again, _ = forge(source, tmp_path / "killed")
    assert again["already_there"].sum() == 9
    (tmp_path / "killed" / wavs[3].relative_to(tmp_path / "killed")).with_name(
        f".{wavs[3].stem}.part.wav"
    ).unlink()
    assert tree(tmp_path / "killed") == tree(tmp_path / "whole")
    pd.testing.assert_frame_equal(again.drop(columns="already_there"), whole.drop(columns="already_there"))


def test_neither_order_nor_processes_nor_other_systems_change_a_fake(
    source: tuple[pd.DataFrame, Path], tmp_path: Path
) -> None:
    clips, root = source
    forge(source, tmp_path / "one", each=2)
    forge((clips.iloc[::-1], root), tmp_path / "two", each=2, jobs=2, systems=QUICK[::-1])
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    forge(source, tmp_path / "lpc", systems=["lpc"])
    assert tree(tmp_path / "lpc").items() <= tree(tmp_path / "one").items()
    forge(source, tmp_path / "seed", systems=["lpc"], seed=1)
    assert not set(tree(tmp_path / "seed").values()) & set(tree(tmp_path / "lpc").values())


@pytest.mark.parametrize(
    ("each", "share", "fakes"), [(1, 1.0, 12), (2, 0.5, 12), (1, 0.25, 3), (1, 0.001, 1)]
)
def test_as_many_are_planned_as_asked_for(
    source: tuple[pd.DataFrame, Path], each: int, share: float, fakes: int
) -> None:
    plan = plan_fakes(source[0], [*QUICK, "world"], each, share, seed=0)
    assert len(plan) == fakes
    assert not plan.duplicated(["source_clip", "system"]).any()
    assert set(plan["source_clip"].value_counts()) == {each}


def test_what_cannot_be_forged_is_named_and_the_rest_is_done(
    source: tuple[pd.DataFrame, Path], tmp_path: Path
) -> None:
    clips, root = source
    odd = clips.head(5).assign(path=["gone.wav", "short.wav", "still.wav", "fast.wav", clips["path"][4]])
    folder = tmp_path / "odd"
    folder.mkdir()
    soundfile.write(folder / "short.wav", np.ones(100), 16_000)
    soundfile.write(folder / "still.wav", np.zeros(8000), 16_000)
    soundfile.write(folder / "fast.wav", np.ones(8000), 22_050)
    (folder / "wav" / "real").mkdir(parents=True)
    (folder / clips["path"][4]).write_bytes((root / clips["path"][4]).read_bytes())
    done, failures = forge((odd, folder), tmp_path / "out")
    assert list(done["source_clip"]) == ["c04"]
    reasons = dict(zip(failures["source_clip"], failures["reason"], strict=True))
    assert "is missing" in reasons["c00"]
    assert reasons["c01"] == "shorter than 0.2 s"
    assert reasons["c02"] == "silent: every sample is zero"
    assert "22050 Hz" in reasons["c03"]


def test_odd_settings_are_refused_before_any_work(source: tuple[pd.DataFrame, Path], tmp_path: Path) -> None:
    for settings, told in (
        ({"jobs": 0}, "jobs=0"),
        ({"seed": -1}, "seed=-1"),
        ({"each": 3}, "each=3 fakes of a clip need as many systems"),
        ({"share": 0}, "share=0"),
        ({"share": 1.5}, "share=1.5"),
        ({"systems": ["none"]}, "'none' is not known"),
    ):
        with pytest.raises(UserError, match=told):
            forge(source, tmp_path / "new", **settings)
    assert not (tmp_path / "new").exists()
    with pytest.raises(UserError, match="no real clip"):
        forge((source[0].tail(2), source[1]), tmp_path / "new")


def test_fakes_of_another_seed_are_not_mixed_in(source: tuple[pd.DataFrame, Path], tmp_path: Path) -> None:
    few = (source[0].head(2), source[1])
    forge(few, tmp_path)
    before = tree(tmp_path)
    with pytest.raises(UserError, match="another seed"):
        forge(few, tmp_path, seed=1)
    assert tree(tmp_path) == before
    forge(few, tmp_path, seed=1, overwrite=True)
    assert not set(tree(tmp_path).values()) & set(before.values())


def test_one_at_a_time_forges_into_a_folder(source: tuple[pd.DataFrame, Path], tmp_path: Path) -> None:
    with alone_in(tmp_path, "forging"), pytest.raises(UserError, match="another forging is at work there"):
        forge((source[0].head(1), source[1]), tmp_path)
    done, _ = forge((source[0].head(1), source[1]), tmp_path)
    assert len(done) == 1


def test_a_folder_of_something_else_is_left_alone(source: tuple[pd.DataFrame, Path], tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text("mine")
    with pytest.raises(UserError, match="something else than fakes"):
        forge(source, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["clips.csv"]


def test_beside_its_source_a_fake_is_by_the_same_voice(
    source: tuple[pd.DataFrame, Path], tmp_path: Path
) -> None:
    """Joined and dealt out anew, no fake comes to stand opposite what it was made of."""
    clips, root = source
    home = tmp_path / "home"
    shutil.copytree(root, home)
    write_clips(clips, home / "clips.csv")
    done, _ = forge((clips, home), tmp_path / "forged")
    write_clips(done.drop(columns="already_there"), tmp_path / "forged" / "clips.csv")
    joined, _ = read_corpora([home / "clips.csv", tmp_path / "forged" / "clips.csv"])
    dealt = split_clips(joined, "voice", seed=0, fractions={"train": 0.4, "val": 0.3, "test": 0.3})
    side = dealt.set_index("clip")["split"]
    fakes = dealt[dealt["source_clip"] != ""]
    assert len(fakes) == 12 and dealt["split"].nunique() == 3
    assert all(row["split"] == side[f"home/{row['source_clip']}"] for _, row in fakes.iterrows())
