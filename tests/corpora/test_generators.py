"""Corpora whose folders say what is in them, laid out as they are distributed; and two with a table of their own."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from deepfake_audio.clips import check_clips
from deepfake_audio.corpora.deep_voice import DeepVoice, read_features
from deepfake_audio.corpora.fake_or_real import FakeOrReal
from deepfake_audio.corpora.in_the_wild import InTheWild
from deepfake_audio.corpora.mlaad import MLAAD
from deepfake_audio.corpora.wavefake import WaveFake
from deepfake_audio.errors import UserError
from deepfake_audio.splitting import split_clips

PROMPTED = "common_voices_prompts_from_conformer_fastspeech2_pwg_ljspeech"


def touch(root: Path, *files: str) -> None:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()


def by_media(clips: pd.DataFrame, *columns: str) -> dict[str, list[object]]:
    assert len(check_clips(clips, "index")) == len(clips)
    return {row.pop(0): row for row in clips[["media", *columns]].to_numpy().tolist()}


@pytest.mark.parametrize("nest", ["", "release_in_the_wild/"])
def test_in_the_wild(tmp_path: Path, nest: str) -> None:
    touch(tmp_path, f"{nest}meta.csv")
    (tmp_path / nest / "meta.csv").write_text(
        "file,speaker,label\n0.wav,Alec Guinness,spoof\n4.wav,Christopher Hitchens,bona-fide\n"
    )
    assert by_media(InTheWild(tmp_path).index(), "label", "voice", "system") == {
        f"{nest}0.wav": [1, "Alec Guinness", "unknown"],
        f"{nest}4.wav": [0, "Christopher Hitchens", "bonafide"],
    }


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "0.wav,A,spoof\n1.wav,,spoof\n2.wav,unknown,bona-fide\n",
            r"2 of 3 .*line 3: no speaker \(1\.wav,,spoof\); line 4",
        ),
        ("0.wav,A,spoof\n\n1.wav,A,fake\n", "line 4: label 'fake' is none of bonafide, bona-fide, spoof"),
        (
            "0.wav,A,spoof\n0.wav,A,bona-fide\n",
            r"line 2: clip 0\.wav is named more than once, with two labels",
        ),
        ("0.wav,A\n", r"line 2: label '' is none of .* \(0\.wav,A\)"),
        ("0.wav,A,spoof\n1.wav,A,spoof,x\n", "line 3, saw 4"),
        ("0.wav,A,spoof,x\n", "more cells than its header"),
    ],
)
def test_in_the_wild_names_wrong_lines(tmp_path: Path, rows: str, message: str) -> None:
    (tmp_path / "meta.csv").write_text("file,speaker,label\n" + rows)
    with pytest.raises(UserError, match=message):
        InTheWild(tmp_path).index()


@pytest.mark.parametrize("above", ["", "generated_audio/"])
def test_wavefake(tmp_path: Path, above: str) -> None:
    touch(
        tmp_path,
        f"{above}ljspeech_melgan/LJ001-0001_gen.wav",
        f"{above}ljspeech_hifiGAN/LJ001-0001_generated.wav",
        f"{above}ljspeech_waveglow/LJ001-0001.wav",
        f"{above}jsut_parallel_wavegan/BASIC5000_4225_gen.wav",
        f"{above}{PROMPTED}/gen_0.wav",
        f"{above}{PROMPTED}/generated/gen_0.wav",
        f"{above}ljspeech_melgan/._LJ001-0001_gen.wav",
        f"{above}readme.txt",
        "LJSpeech-1.1/wavs/LJ001-0001.wav",
    )
    elsewhere = tmp_path / "elsewhere"
    touch(elsewhere, "BASIC5000_4225.wav")
    (tmp_path / "jsut").symlink_to(elsewhere)
    table = by_media(WaveFake(tmp_path, jsut="jsut").index(), "label", "voice", "system", "source_clip")
    assert table == {
        f"{above}ljspeech_melgan/LJ001-0001_gen.wav": [1, "ljspeech", "melgan", "LJ001-0001"],
        f"{above}ljspeech_hifiGAN/LJ001-0001_generated.wav": [1, "ljspeech", "hifiGAN", "LJ001-0001"],
        f"{above}ljspeech_waveglow/LJ001-0001.wav": [1, "ljspeech", "waveglow", "LJ001-0001"],
        f"{above}jsut_parallel_wavegan/BASIC5000_4225_gen.wav": [
            1,
            "jsut",
            "parallel_wavegan",
            "BASIC5000_4225",
        ],
        f"{above}{PROMPTED}/gen_0.wav": [1, "ljspeech", "conformer_fastspeech2_pwg", "prompt_gen_0"],
        "LJSpeech-1.1/wavs/LJ001-0001.wav": [0, "ljspeech", "bonafide", "LJ001-0001"],
        "jsut/BASIC5000_4225.wav": [0, "jsut", "bonafide", "BASIC5000_4225"],
    }
    with pytest.raises(UserError, match=r"WaveFake holds no real speech.*corpus\.jsut=FOLDER"):
        WaveFake(tmp_path).index()
    assert len(WaveFake(tmp_path, jsut=None, ljspeech=None).index()) == 5


def test_mlaad(tmp_path: Path) -> None:
    header = (
        "path|original_file|language|is_original_language|duration|training_data|model_name|architecture|text"
    )
    original = "en_US/by_book/female/judy_bieber/sea_fairies/wavs/sea_01.wav"
    touch(tmp_path, "fake/en/vits/meta.csv", "fake/de/xtts/meta.csv", "fake/pl/xtts/meta.csv")
    (tmp_path / "fake/pl/xtts/meta.csv").write_text(f"{header}\nd.wav|-|pl|False|1|-||-|x\n")
    (tmp_path / "fake/en/vits/meta.csv").write_text(
        f'{header}\n./fake/en/vits/a.wav|{original}|en|True|3.2|ljspeech|tts_models/en/vits|vits|He said "no\n'
        f"fake/en/vits/b.wav|./{original}|en|True|1|ljspeech|tts_models/en/vits|vits|x\n"
    )
    (tmp_path / "fake/de/xtts/meta.csv").write_text(
        f"{header}|reference_speaker\nc.wav|de_DE/by_book/male/karl/x/wavs/y.wav|de|True|1|-|xtts|xtts|x|anna\n"
    )
    assert by_media(MLAAD(tmp_path).index(), "label", "voice", "system", "language") == {
        "fake/en/vits/a.wav": [1, "tts:tts_models/en/vits", "tts_models/en/vits", "en"],
        "fake/en/vits/b.wav": [1, "tts:tts_models/en/vits", "tts_models/en/vits", "en"],
        "fake/de/xtts/c.wav": [1, "tts:xtts", "xtts", "de"],
        # One model in two languages is one voice.
        "fake/pl/xtts/d.wav": [1, "tts:xtts", "xtts", "pl"],
    }
    joined = by_media(MLAAD(tmp_path, reals="m-ailabs").index(), "label", "voice", "system", "gender")
    assert joined[f"m-ailabs/{original}"] == [0, "judy_bieber", "bonafide", "women"]
    assert joined["m-ailabs/de_DE/by_book/male/karl/x/wavs/y.wav"] == [0, "karl", "bonafide", "men"]
    assert len(joined) == 6 and joined["fake/en/vits/a.wav"][3] == ""
    (tmp_path / "fake/de/xtts/meta.csv").write_text(
        f"{header}\nc.wav|x|de|True|1|-|x|x|x\nd/c.wav|x|de|True|1|-|x|x|x\n"
    )
    with pytest.raises(UserError, match=r"xtts/meta\.csv: 2 of 2 .*line 2: a file named more than once"):
        MLAAD(tmp_path).index()


@pytest.mark.parametrize("above", ["", "for-2seconds/", "for-2sec/for-2seconds/"])
def test_fake_or_real(tmp_path: Path, above: str) -> None:
    files = [
        "training/real/a.wav",
        "training/fake/a.wav",
        "validation/real/b.wav",
        "testing/fake/file1.mp3_16k.wav",
    ]
    touch(tmp_path, *(above + file for file in files), above + "training/images/x.wav")
    clips = FakeOrReal(tmp_path, version="2sec").index()
    assert by_media(clips, "label", "system", "own_split") == {
        above + files[0]: [0, "bonafide", "train"],
        above + files[1]: [1, "unknown", "train"],
        above + files[2]: [0, "bonafide", "val"],
        above + files[3]: [1, "unknown", "test"],
    }
    assert clips["voice"].nunique() == 4 and clips["voice"].str.startswith("clip:").all()
    with pytest.raises(UserError, match="loud is none of norm"):
        FakeOrReal(tmp_path, version="loud").index()


@pytest.mark.parametrize("above", ["", "AUDIO/", "KAGGLE/AUDIO/"])
def test_deep_voice_recordings(tmp_path: Path, above: str) -> None:
    touch(tmp_path, *(above + file for file in ("REAL/linus-original.wav", "FAKE/biden-to-Trump.wav")))
    assert by_media(DeepVoice(tmp_path).index(), "label", "voice", "source_voice", "system") == {
        f"{above}REAL/linus-original.wav": [0, "linus", "linus", "bonafide"],
        f"{above}FAKE/biden-to-Trump.wav": [1, "trump", "biden", "rvc"],
    }
    touch(tmp_path, f"{above}FAKE/trump.wav")
    with pytest.raises(UserError, match=r"FAKE/trump\.wav is not named like"):
        DeepVoice(tmp_path).index()


def test_deep_voice_can_only_be_held_out_whole(tmp_path: Path) -> None:
    """What the docs say: each speech stands under all voices, so nobody is apart in both roles."""
    people = ["biden", "linus", "musk", "trump"]
    touch(tmp_path, *(f"REAL/{one}-original.wav" for one in people))
    touch(tmp_path, *(f"FAKE/{one}-to-{other}.wav" for one in people for other in people if one != other))
    clips = check_clips(DeepVoice(tmp_path).index(), "index")
    with pytest.raises(UserError, match="every voice has a clip in test"):
        split_clips(clips, "group", column="source_voice", test=["linus"])
    rows = [(f"o{n}", f"o{n}.wav", n % 2, f"p{n // 2}", "others") for n in range(20)]
    others = pd.DataFrame(rows, columns=["clip", "path", "label", "voice", "corpus"])
    split = split_clips(pd.concat([clips, others]), "corpus", test=["deep_voice"])
    assert set(split.loc[split["split"] == "test", "clip"]) == set(clips["clip"])


def test_the_real_deep_voice_table_says_not_which_is_which_so_it_must_be_said(bench: Path) -> None:
    file = bench / "deep_voice" / "DATASET-balanced.csv"
    with pytest.raises(UserError, match="nothing says which of them is fake"):
        read_features(file)
    table = read_features(file, {0: "fake", 1: "real"})
    raw = pd.read_csv(file)
    assert table.shape == (11_778, 27) and table["label"].value_counts().to_dict() == {0: 5_889, 1: 5_889}
    assert (table["label"] == 1 - raw["label"]).all()
    pd.testing.assert_frame_equal(table.drop(columns="label"), raw.drop(columns="label"))


def test_the_deep_voice_table_of_its_authors_needs_no_telling(tmp_path: Path) -> None:
    file = tmp_path / "features.csv"
    file.write_text("rms,mfcc1,LABEL\n0.1,-4,FAKE\n0.2,5,REAL\n")
    assert read_features(file)["label"].tolist() == [1, 0]
    file.write_text("rms,mfcc1,LABEL\n0.1,-4,FAKE\n0.2,loud,REAL\n")
    with pytest.raises(UserError, match="line 3: a feature that is no number"):
        read_features(file)
    file.write_text("rms,mfcc1,LABEL\n0.1,-4,FAKE\n0.2,1,SPOOF\n")
    with pytest.raises(UserError, match="line 3: label 'spoof' is none of real, fake"):
        read_features(file)


def test_a_wrong_root_is_said(tmp_path: Path) -> None:
    for corpus in (InTheWild, WaveFake, MLAAD, FakeOrReal, DeepVoice):
        for root in (None, tmp_path, tmp_path / "nowhere"):
            with pytest.raises(UserError, match=r"corpus\.(root|metadata)"):
                corpus(root).index()  # type: ignore[abstract]
