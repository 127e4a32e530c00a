"""Who is heard, who waits, who is sent away; and that what hears can be stopped in the middle."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from deepfake_audio.errors import UserError
from deepfake_audio.serving.desk import Desk
from deepfake_audio.serving.door import Door
from deepfake_audio.serving.limits import Limits
from deepfake_audio.serving.listener import Listener
from deepfake_audio.serving.refusal import BUSY, TOO_SLOW_TO_HEAR, TOO_SLOW_TO_SEND, UNREADABLE, Refusal
from deepfake_audio.serving.uploads import Uploads

from .served import a_detector, speech


class Held:
    """A listener that answers when it is let, and notes how many ask it at once."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.go = limits, threading.Event()
        self.at_once = self.most_at_once = 0

    def ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        assert Path(asked["file"]).is_file()
        self.go.wait(10)
        self.at_once -= 1
        if asked["name"] == "bad.wav":
            raise Refusal(UNREADABLE, "no")
        return {"name": asked["name"]}


def uploads(folder: Path) -> Uploads:
    return Uploads(folder, Limits())


def test_one_is_heard_some_wait_the_rest_are_sent_away_and_nothing_stays(tmp_path: Path) -> None:
    async def story() -> None:
        held = Held(Limits(queue=2))
        desk = Desk(held)  # type: ignore[arg-type]
        files = [tmp_path / f"{n}.wav" for n in range(5)]
        for file in files:
            file.write_bytes(b"x")
        names = ("a", "bad.wav", "c", "d", "e")
        asked = [asyncio.create_task(desk.hear(*each)) for each in zip(files, names, strict=True)]
        await asyncio.sleep(0.05)
        assert desk.is_full and desk.waiting == 3
        # The one who leaves loses the answer; the place is free when the listener is done, and not before.
        asked[2].cancel()
        await asyncio.sleep(0.05)
        assert desk.waiting == 3
        held.go.set()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        while desk.waiting:
            await asyncio.sleep(0.01)
        assert answers[0] == {"name": "a"}
        assert [each.status for each in answers if isinstance(each, Refusal)] == [UNREADABLE, BUSY, BUSY]
        assert isinstance(answers[2], asyncio.CancelledError)
        assert held.most_at_once == 1
        assert list(tmp_path.iterdir()) == []

    asyncio.run(story())


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max_mb", 0),
        ("max_minutes", -1),
        ("time_limit_seconds", float("nan")),
        ("queue", -1),
        ("queue", 10**6),
    ],
)
def test_limits_that_limit_nothing_are_refused(setting: str, value: float) -> None:
    with pytest.raises(UserError, match=f"--{setting.replace('_', '-')} must be"):
        Limits(**{setting: value})


def test_only_what_came_through_the_page_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    folder.mkdir()
    room = uploads(folder)
    outside = tmp_path / "secret.wav"
    outside.write_bytes(b"x")
    link = room.of_page / "link.wav"
    link.symlink_to(outside)
    for way in (outside, link, room.of_page / ".." / ".." / "secret.wav", room.of_page, Path("secret.wav")):
        with pytest.raises(FileNotFoundError):
            room.take(way)
    assert outside.is_file()
    sent = room.of_page / "mine.MP4"
    sent.write_bytes(b"x")
    taken = room.take(sent)
    assert taken.parent == folder and taken.suffix == ".mp4" and not sent.exists()
    assert taken.stem != "mine"


def test_what_nobody_asks_about_is_swept_away(tmp_path: Path) -> None:
    room = uploads(tmp_path)
    old, new = room.of_page / "a" / "old.wav", room.of_page / "b" / "new.wav"
    for file in (old, new):
        file.parent.mkdir()
        file.write_bytes(b"x")
    os.utime(old, (0, 0))
    room.sweep(60)
    assert not old.exists() and new.exists()


def test_who_sends_too_slowly_is_hung_up_on() -> None:
    async def story() -> list[Any]:
        sent: list[Any] = []

        async def never() -> Any:
            await asyncio.sleep(60)

        async def send(message: Any) -> None:
            sent.append(message)

        async def reads_on(scope: Any, receive: Any, send: Any) -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            raise RuntimeError("of no interest")

        door = Door(reads_on, Limits(time_limit_seconds=0.1), lambda: None)
        await door({"type": "http", "path": "/v1/verdict", "method": "POST", "headers": []}, never, send)
        assert door.uploading == 0
        return sent

    start, body = asyncio.run(story())
    assert start["status"] == TOO_SLOW_TO_SEND
    assert b"longer than 0.1 s" in body["body"]


@pytest.mark.slow  # two processes have to import torch
def test_what_takes_too_long_is_stopped_and_the_next_is_heard(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    listener = Listener(a_detector(tmp_path / "detector"), scratch, Limits(time_limit_seconds=5))
    try:
        listener.wait_until_ready()
        asked = {"file": str(speech(tmp_path / "a.wav")), "name": "a.wav", "shown": False}
        assert 0 <= listener.ask(asked)["verdict"]["p_fake"] <= 1
        first = listener._process.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        (scratch / "left").write_bytes(b"half a recording")
        began = time.monotonic()
        with pytest.raises(Refusal) as slow:
            listener.ask(asked)
        assert slow.value.status == TOO_SLOW_TO_HEAR
        assert time.monotonic() - began < 15
        assert list(scratch.iterdir()) == []
        assert listener.ask(asked)["verdict"]["file"] == "a.wav"
        second = listener._process.pid
        assert second is not None and second != first
        # What brings the process down costs its own answer alone.
        threading.Timer(0.0, os.kill, (second, signal.SIGSEGV)).start()
        with pytest.raises(Refusal) as died:
            while True:
                listener.ask(asked)
        assert died.value.status == UNREADABLE
        assert listener.ask(asked)["verdict"]["file"] == "a.wav"
    finally:
        listener.close()
