"""The newcomer's page: its commands run as they stand there, and it explains what is really said."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from deepfake_audio.clips import read_clips
from deepfake_audio.configs import resource_folder
from deepfake_audio.corpora.folder import Folder
from deepfake_audio.corpora.table import Table
from deepfake_audio.errors import UserError
from deepfake_audio.extraction import extract_corpus
from deepfake_audio.joined import read_corpora
from deepfake_audio.splitting import split_clips

from .conftest import REPOSITORY, SMALL, command, refused

PAGE = (REPOSITORY / "docs" / "own_data.md").read_text(encoding="utf-8")
COMMANDS = [
    line for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
]
QUICK = (*SMALL, "trainer.max_epochs=1", "data.window_seconds=1.0")
PEOPLE = ("anna", "ben", "carla", "dora", "emil", "fritz", "greta", "hans")


def record(file: Path, label: int, rate: int, seconds: float = 1.2) -> None:
    """Noise, and in a fake a buzz; each of its own, so that no track stands twice."""
    rng = np.random.default_rng([*file.as_posix().encode()])
    wave = rng.normal(0, 0.1, int(rate * seconds))
    if label:
        wave += 0.1 * np.sign(np.sin(2 * np.pi * rng.uniform(90, 200) * np.arange(len(wave)) / rate))
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, wave, rate)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the page takes for granted: two folders of recordings, and a studio's list of its own."""
    desk = tmp_path_factory.mktemp("desk")
    for name in PEOPLE:
        record(desk / "recordings" / "real" / name / "interview.wav", 0, 22_050)
        record(desk / "recordings" / "real" / name / "day 2" / "call.flac", 0, 16_000)
        record(desk / "recordings" / "fake" / name / "clone.mp3", 1, 44_100)
        record(desk / "recordings" / "fake" / name / "clone2.ogg", 1, 16_000)
    rows = []
    for number in range(12):
        fake = number % 2
        file = f"clips/{number:03d}.ogg"
        record(desk / "studio" / file, fake, 16_000)
        rows.append((file, ["bonafide", "spoof"][fake], f"s{number // 4}", ["women", "men"][number // 6]))
    table = pd.DataFrame(rows, columns=["file", "target", "speaker", "gender"])
    table.to_csv(desk / "studio" / "list.csv", index=False)
    return desk


@pytest.fixture(scope="module")
def run(desk: Path) -> list[tuple[str, str]]:
    """All commands of the page, one after the other, and what each printed."""
    run = []
    for line in COMMANDS:
        python, option, module, *arguments = shlex.split(line)
        assert (python, option) == ("python", "-m")
        verb = module.removeprefix("deepfake_audio.")
        done = command(verb, *arguments, *(QUICK if verb == "train" else ()), cwd=desk)
        run.append((verb, done.stdout))
    return run


def test_the_page_s_commands_run_as_they_stand_there(desk: Path, run: list[tuple[str, str]]) -> None:
    assert [verb for verb, _ in run] == ["extract", "extract", "audit", "train", "predict", "split", "train"]
    mine = read_clips(desk / "data" / "mine" / "clips.csv")
    assert len(mine) == 32 and set(mine["voice"]) == set(PEOPLE) and set(mine["corpus"]) == {"mine"}
    assert (
        mine.loc[mine["media"].str.startswith("fake/"), "label"].eq(1).all() and mine["label"].mean() == 0.5
    )
    assert set(mine["codec"]) == {"pcm_s16le", "flac", "mp3", "vorbis"}
    for row in mine.itertuples():
        found = soundfile.info(desk / "data" / "mine" / str(row.path))
        assert (found.samplerate, found.channels) == (16_000, 1) and abs(found.duration - 1.2) < 0.1
    studio = read_clips(desk / "data" / "studio" / "clips.csv")
    assert studio["label"].tolist() == [0, 1] * 6 and studio["gender"].tolist() == ["women"] * 6 + ["men"] * 6
    assert "audit: passed" in run[2][1]
    test = pd.read_csv(desk / "outputs" / "held_out" / "scores_test.csv")
    assert sorted(test["clip"]) == sorted("studio/" + studio["clip"])
    val = pd.read_csv(desk / "outputs" / "held_out" / "scores_val.csv")
    assert val["clip"].str.startswith("mine/").all()
    shared = json.loads((desk / "outputs" / "held_out" / "metrics.json").read_text())["audit"]
    assert shared["passed"] and shared["leaks"]["voice"]["found"] == 0


def test_a_leak_stops_training(desk: Path, run: list[tuple[str, str]]) -> None:
    """By the clip, each voice is on several sides."""
    told = refused("train", "clips=data/mine/clips.csv", "split=random", "hydra.run.dir=leaky", cwd=desk)
    assert "would flatter every figure" in told and "audit.on_leak=warn" in told


def test_patterns_and_words_of_the_page_s_tables_work_on_the_command_line(tmp_path: Path) -> None:
    """A shell, Hydra and a regular expression each have their own idea of quotes."""
    for file in (
        "human/p225_001.wav",
        "human/p226_001.wav",
        "clones/vits-p225_1.wav",
        "clones/xtts-p226_1.wav",
    ):
        record(tmp_path / "r" / file, int(file.startswith("clones")), 16_000, 0.3)
    settings = re.findall(r"`('?corpus\.(?:real|voice|system)=[^`]+)`", PAGE)
    assert len(settings) == 3
    words = [word for setting in settings for word in shlex.split(setting)]
    command("extract", "corpus=folder", "corpus.root=r", *words, "out=o", "dry_run=true", cwd=tmp_path)
    clips = read_clips(tmp_path / "o" / "clips.csv").set_index("clip")
    assert clips["voice"].to_dict() == {
        "human/p225_001": "p225", "human/p226_001": "p226", "clones/vits-p225_1": "p225",
        "clones/xtts-p226_1": "p226",
    }  # fmt: skip
    assert clips.loc["clones/vits-p225_1", "system"] == "vits"


def test_new_recordings_are_added_and_nothing_else_is_touched(desk: Path, tmp_path: Path) -> None:
    root = tmp_path / "r"
    record(root / "real" / "anna" / "a.wav", 0, 16_000)
    record(root / "fake" / "anna" / "b.wav", 1, 16_000)
    (root / "fake" / "anna" / "broken.mp3").write_text("no sound")
    verb = ("extract", "corpus=folder", "corpus.root=r", "out=o", "max_failures=0.5", "progress=false")
    command(*verb, cwd=tmp_path)
    wav = tmp_path / "o" / "wav" / "real" / "anna" / "a.wav"
    before = wav.stat().st_mtime_ns
    record(root / "real" / "ben" / "c.wav", 0, 16_000)
    assert "1 extracted, 2 already there, 1 failed" in command(*verb, cwd=tmp_path).stdout
    assert wav.stat().st_mtime_ns == before
    assert pd.read_csv(tmp_path / "o" / "failures.csv")["media"].tolist() == ["fake/anna/broken.mp3"]
    assert "was extracted from a corpus with" in refused(
        "extract", "corpus=folder", f"corpus.root={desk / 'recordings'}", "out=o", cwd=tmp_path
    )
    assert "files failed, more than max_failures" in refused(*verb, "max_failures=0.1", cwd=tmp_path)


def test_each_corpus_that_there_is_stands_on_the_page() -> None:
    table = PAGE.split("## 3.")[1].split("## 4.")[0]
    named = set(
        re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in table.splitlines() if "|" in line))
    )
    there = {path.stem for path in (resource_folder("conf") / "corpus").glob("*.yaml")}
    assert named - {"corpus"} == there - {"folder", "table", "toy"}


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (REPOSITORY / "docs" / target).exists(), target


def table_of(folder: Path, text: str, **settings: object) -> Callable[[], object]:
    file = folder / "t.csv"
    return lambda: (file.write_text(text), Table(file, **settings).index())  # type: ignore[arg-type]


def test_the_page_explains_what_is_really_said(tmp_path: Path) -> None:
    """Each message that it names is brought about; those that need a command are, in the other tests here."""
    for file in ("ok/real/a.wav", "ok/fake/b.wav", "two/real/a.wav", "two/real/a.mp3", "two/fake/b.wav"):
        record(tmp_path / file, int("fake" in file), 16_000, 0.1)
    ok, head = tmp_path / "ok", "path,label,voice"
    own = "clip,path,label,voice,own_split\n" + "".join(
        # The last voice is the first one again, on another side.
        f"c{n},{n}.wav,{n % 2},v{n // 2 % 5},{side}\n"
        for n, side in enumerate(["train"] * 4 + ["val"] * 4 + ["test"] * 4)
    )
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "clips.csv").write_text(own)
    (tmp_path / "one_class.csv").write_text(
        "clip,path,label,voice\n" + "".join(f"{n},{n},0,{n}\n" for n in range(9))
    )

    def reason_of(root: Path, row: str) -> None:
        (tmp_path / "t.csv").write_text(f"path,label,seconds\n{row}\n")
        clips = Table(tmp_path / "t.csv", root=root).index()
        _, failures = extract_corpus(clips, root, tmp_path / "out", progress=False, jobs=1)
        raise UserError(failures["reason"].iloc[0])

    half = tmp_path / "half" / "a.wav"
    record(half, 0, 16_000, 4.0)
    half.write_bytes(half.read_bytes()[:64_000])

    cases: dict[str, Callable[[], object]] = {
        "has no recordings": lambda: Folder(ok, fake="forged").index(),
        "finds nothing in": lambda: Folder(ok, voice="(?P<voice>p1)").index(),
        "would be one clip": lambda: Folder(tmp_path / "two").index(),
        "has no column": table_of(tmp_path, "file,label\na,real\n"),
        "is none of": table_of(tmp_path, f"{head}\na.wav,genuine,x\n"),
        "nothing says which of them is fake": table_of(tmp_path, f"{head}\na.wav,0,x\nb.wav,1,x\n"),
        "no voice; fill it in": table_of(tmp_path, f"{head}\na.wav,real,x\nb.wav,fake,\n"),
        "is named more than once": table_of(tmp_path, f"{head}\na.wav,real,x\na.wav,fake,x\n"),
        "its path leaves the root": table_of(tmp_path, f"{head}\n../a.wav,real,x\n"),
        "the table says": lambda: reason_of(ok, "real/a.wav,real,4"),
        "cut off: its header says": lambda: reason_of(half.parent, "a.wav,real,"),
        "are both of the corpus": lambda: read_corpora(
            [corpus_of(tmp_path / "a", "mine"), corpus_of(tmp_path / "b", "mine")]
        ),
        "forbids a voice in two splits": lambda: split_clips(read_clips(tmp_path / "a" / "clips.csv"), "own"),
        "has no fake clip": lambda: split_clips(read_clips(tmp_path / "one_class.csv"), "voice"),
    }
    by_command = {
        "files failed, more than max_failures", "was extracted from a corpus with", "would flatter every figure",
    }  # fmt: skip
    listed = set(re.findall(r"^\| `([^`]+)` \|", PAGE.split("## What the errors mean")[1], re.MULTILINE))
    assert listed == {*cases, *by_command}
    for message, bring_about in cases.items():
        with pytest.raises(UserError, match=re.escape(message)):
            bring_about()


def corpus_of(folder: Path, name: str) -> Path:
    """The table of a folder, with the name of its corpus in it."""
    file = folder / "clips.csv"
    pd.read_csv(file).assign(corpus=name).to_csv(file, index=False)
    return file
