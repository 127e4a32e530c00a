"""Who is heard, who waits, who is sent away; and that what hears can be stopped in the middle."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from deepfake_audio.errors import UserError
from deepfake_audio.serving import listener as listening
from deepfake_audio.serving.desk import Desk
from deepfake_audio.serving.door import Door
from deepfake_audio.serving.limits import Limits
from deepfake_audio.serving.listener import Listener
from deepfake_audio.serving.refusal import (
    BROKEN,
    BUSY,
    TOO_SLOW_TO_HEAR,
    TOO_SLOW_TO_SEND,
    UNREADABLE,
    WRONG_METHOD,
    Refusal,
)
from deepfake_audio.serving.uploads import Uploads

from .hearers import dies_and_leaves_a_child, starts_at_the_third_try
from .served import a_detector, speech

T = TypeVar("T")
WAIT_SECONDS = 60


def told(story: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """A story in a thread of its own: in this one the browser of other tests may have a loop that runs."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(asyncio.wait_for(story(), WAIT_SECONDS))).result()


async def until(happens: Callable[[], bool]) -> None:
    while not happens():
        await asyncio.sleep(0.005)


class Held:
    """A listener that answers when it is let, and notes how many ask it at once."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.go = limits, threading.Event()
        self.at_once = self.most_at_once = 0

    def ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        assert Path(asked["file"]).is_file()
        self.go.wait(WAIT_SECONDS)
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
        await until(lambda: held.at_once == 1 and asked[3].done() and asked[4].done())
        assert desk.is_full and desk.waiting == 3
        # The one who leaves loses the answer; the place is free when the listener is done, and not before.
        asked[2].cancel()
        await until(asked[2].done)
        assert desk.waiting == 3
        held.go.set()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        await until(lambda: desk.waiting == 0)
        assert answers[0] == {"name": "a"}
        assert [each.status for each in answers if isinstance(each, Refusal)] == [UNREADABLE, BUSY, BUSY]
        assert isinstance(answers[2], asyncio.CancelledError)
        assert held.most_at_once == 1
        assert list(tmp_path.iterdir()) == []

    told(story)


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


async def reads_on(scope: Any, receive: Any, send: Any) -> None:
    """An application that reads to the end, and is annoyed when that is not one."""
    while (message := await receive())["type"] != "http.disconnect":
        if not message.get("more_body", False):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
    raise RuntimeError("of no interest")


async def never() -> Any:
    await asyncio.sleep(math.inf)


async def nothing_more() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


def through(door: Door, path: str, receive: Any, method: str = "POST") -> list[Any]:
    """What is answered to a request."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    told(lambda: door({"type": "http", "path": path, "method": method, "headers": []}, receive, send))
    assert door.uploading == 0
    return sent


def test_who_sends_too_slowly_is_hung_up_on(tmp_path: Path) -> None:
    door = Door(reads_on, Limits(time_limit_seconds=0.1), uploads(tmp_path))
    start, body = through(door, "/v1/verdict", never)
    assert start["status"] == TOO_SLOW_TO_SEND
    assert b"longer than 0.1 s" in body["body"]


@pytest.mark.parametrize("path", ["/v1/verdict", "/gradio_api/upload"])
def test_who_leaves_while_sending_is_no_error(tmp_path: Path, path: str) -> None:
    async def leaves() -> Any:
        return {"type": "http.disconnect"}

    assert through(Door(reads_on, Limits(), uploads(tmp_path)), path, leaves) == []


def test_the_disk_is_not_filled_with_what_nobody_asks_about(tmp_path: Path) -> None:
    limits = Limits(max_mb=1, queue=2)
    room = Uploads(tmp_path, limits)
    door = Door(reads_on, limits, room)
    for n in range(3):
        assert through(door, "/gradio_api/upload", nothing_more)[0]["status"] == 200
        (room.of_page / str(n)).mkdir()
        (room.of_page / str(n) / "a.wav").write_bytes(bytes(limits.max_bytes))
    start, body = through(door, "/gradio_api/upload", nothing_more)
    assert start["status"] == BUSY and b"try again" in body["body"]
    # The API keeps what it is sent elsewhere, and deletes it itself.
    assert through(door, "/v1/verdict", nothing_more)[0]["status"] == 200
    room.take(room.of_page / "0" / "a.wav")
    assert through(door, "/gradio_api/upload", nothing_more)[0]["status"] == 200


def test_empty_files_fill_the_room_too(tmp_path: Path) -> None:
    room = Uploads(tmp_path, Limits(max_mb=1, queue=0))
    for n in range(20):
        assert room.is_full() == (n >= 17)  # of 64 kB each, in 1.064 MB
        (room.of_page / str(n)).write_bytes(b"")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/v1/verdict", b"POST"), ("POST", "/v1/health", b"GET, HEAD"), ("DELETE", "/", b"GET, HEAD")],
)
def test_the_wrong_method_is_told_the_right_one(
    tmp_path: Path, method: str, path: str, allowed: bytes
) -> None:
    start, body = through(Door(reads_on, Limits(), uploads(tmp_path)), path, nothing_more, method)
    assert start["status"] == WRONG_METHOD
    assert dict(start["headers"])[b"allow"] == allowed
    assert method.encode() in body["body"]


@pytest.mark.parametrize(("minutes", "says"), [(1, "1 minute"), (0.5, "0.5 minutes"), (60, "60 minutes")])
def test_one_minute_is_no_minutes(minutes: float, says: str) -> None:
    assert Limits(max_minutes=minutes).words == f"at most 200 MB and {says}"


def test_a_start_that_failed_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the first failure, for want of memory perhaps, would be an error to everybody after it."""
    monkeypatch.setattr(listening, "hear_all", starts_at_the_third_try)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    listener = Listener(tmp_path, scratch, Limits())
    try:
        with pytest.raises(UserError, match="not this time"):
            listener.wait_until_ready()
        with pytest.raises(Refusal) as failed:
            listener.ask({})
        assert failed.value.status == BROKEN and "not this time" not in str(failed.value)
        assert listener.ask({}) == {"verdict": {}}
    finally:
        listener.close()
    with pytest.raises(Refusal, match="is being stopped"):
        listener.ask({})


def test_what_a_dead_one_has_started_is_ended_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "hear_all", dies_and_leaves_a_child)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    listener = Listener(tmp_path, scratch, Limits())
    listener.wait_until_ready()
    child = listener.config["child"]
    listener._process.join(WAIT_SECONDS)
    os.kill(child, 0)
    listener.close()
    until_seconds = time.monotonic() + WAIT_SECONDS
    while _lives(child):
        assert time.monotonic() < until_seconds
        time.sleep(0.01)


def _lives(process: int) -> bool:
    """Whether it runs; one that nobody has asked after since its end does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


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
