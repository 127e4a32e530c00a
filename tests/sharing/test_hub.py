"""To the hub and back, by its own client, against a server that speaks its protocol; the network is never asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from deepfake_audio.errors import UserError
from deepfake_audio.runs import RunFolder
from deepfake_audio.sharing import from_pretrained
from deepfake_audio.sharing.places import on_hub

from ..e2e.conftest import REPOSITORY
from ..warm import run as command
from .hub_server import TOKEN, Hub, Repository
from .test_publishing import answer

ASK = REPOSITORY / "tests" / "sharing" / "ask.py"


def surroundings(hub: Hub, folder: Path, token: str = "") -> dict[str, str]:
    """Of a process that knows no hub but this one."""
    return {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(folder / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_TOKEN": token,
    }


def asked(hub: Hub, folder: Path, *names: str, token: str = "", **more: str) -> list[str]:
    """What `from_pretrained` makes of each name, in a process of its own."""
    done = command(ASK, *names, cwd=folder, env={**surroundings(hub, folder, token), **more})
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_there_and_back(hub: Hub, run: RunFolder, tmp_path: Path) -> None:
    """Pushed by the command and fetched: the same answer, and nothing else of the run went up."""
    env = surroundings(hub, tmp_path, TOKEN)
    done = command(
        ASK, "share", run.path, "--to", "ann/ear", "--private", "--license", "mit", cwd=tmp_path, env=env
    )
    assert done.returncode == 0, done.stderr
    assert "/ann/ear/commit/" in done.stdout
    repository = hub.repositories["ann/ear"]
    assert repository.private
    names = {"README.md", "config.json", "model.safetensors", "validation.csv"}
    assert set(repository.commits[-1]) == names
    assert hub.large, "weights go by the store for large files"
    card = ModelCard(repository.commits[-1]["README.md"].decode())
    assert card.data.model_name == "ear" and card.data.license == "mit"
    assert "--detector ann/ear" in card.text and "path/to" not in card.text
    fetched = asked(hub, tmp_path, "ann/ear", "ann/ear@main", token=TOKEN)
    assert fetched == [f"{answer(run.path):.6f}"] * 2
    # Without a network what was fetched before still answers, and what was not is told so.
    before = len(hub.asked)
    offline = asked(hub, tmp_path, "ann/ear", "ann/nose", HF_HUB_OFFLINE="1")
    assert offline[0] == fetched[0] and "was not fetched before" in offline[1]
    assert len(hub.asked) == before
    away = asked(hub, tmp_path, "ann/ear", "ann/nose", HF_ENDPOINT="http://127.0.0.1:9")
    assert away[0] == fetched[0] and "cannot be reached" in away[1]


def test_what_may_not_be_fetched(hub: Hub, run: RunFolder, tmp_path: Path) -> None:
    good = content(run.detector)
    hub.repositories |= {
        "ann/tagged": Repository([good, {**good, "config.json": b"{}"}], tags={"v1": 0}),
        "ann/private": Repository([good], private=True),
        "ann/gated": Repository([good], gated=True),
        "ann/pickle": Repository([{**good, "pytorch_model.bin": b"x"}]),
        "ann/other": Repository([{"model.safetensors": b"x"}]),
        "ann/newer": Repository([{**good, "config.json": json.dumps({"format": 9}).encode()}]),
        "ann/more": Repository([{**good, "clip.wav": b"a voice", "model.onnx": bytes(2**21)}]),
    }
    expected = {
        "ann/tagged@v1": f"{answer(run.path):.6f}",
        "ann/tagged": "says no format",
        "ann/tagged@v2": "has no revision v2",
        "ann/nobody": "no such model on the hub",
        "ann/private": "or it is private",
        "ann/gated": "is gated: ask for access",
        "ann/pickle": "pytorch_model.bin: a detector is data",
        "ann/other": "has no config.json",
        "ann/newer": "of format 9",
        "ann/more": f"{answer(run.path):.6f}",
    }
    told = asked(hub, tmp_path, *expected)
    for line, (name, words) in zip(told, expected.items(), strict=True):
        assert words in line, (name, line)
    for refused in ("pytorch_model.bin", "clip.wav", "model.onnx", "/other/resolve"):
        assert not [each for each in hub.asked if refused in each], "never even asked for"


def test_who_may_not_push(hub: Hub, run: RunFolder, tmp_path: Path) -> None:
    hub.repositories["ann/letters"] = Repository([{"letter.txt": b"dear"}])
    for token, name, words in (
        ("", "ann/ear", "publishing takes a token"),
        ("hf_wrong", "ann/ear", "does not let you"),
        (TOKEN, "ann/letters", "holds something else"),
    ):
        done = command(
            ASK, "share", run.path, "--to", name, cwd=tmp_path, env=surroundings(hub, tmp_path, token)
        )
        assert done.returncode == 2
        (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert words in line
        assert "Traceback" not in done.stderr
    assert set(hub.repositories) == {"ann/letters"}
    assert len(hub.repositories["ann/letters"].commits) == 1


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ann/ear", ("ann/ear", None)),
        ("ann/ear@v1.0", ("ann/ear", "v1.0")),
        ("ann/ear@refs/pr/1", ("ann/ear", "refs/pr/1")),
        ("here/gone", None),
        ("ear", None),
        ("./ann/ear", None),
        ("/ann/ear", None),
        ("a/b/c", None),
        ("../x", None),
        ("~/runs", None),
    ],
)
def test_what_is_a_name_and_what_a_path(
    text: str, meant: tuple[str, str | None] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistyped path in a folder that is here is never looked up elsewhere."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    assert on_hub(text) == meant
    (tmp_path / "ann" / "ear").mkdir(parents=True)
    assert on_hub("ann/ear") is None


def test_a_revision_is_of_the_hub(run: RunFolder) -> None:
    with pytest.raises(UserError, match="is for a name on the hub"):
        from_pretrained(run.path, revision="v1")
    with pytest.raises(UserError, match="give one"):
        from_pretrained("ann/ear@v1", revision="v2")
