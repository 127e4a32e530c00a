"""Who may ask: one is heard, some wait, the rest are sent away. And what was brought is deleted in any case."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from .listener import Listener
from .refusal import BUSY, Refusal
from .uploads import discard

LONGEST_NAME = 120
UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


class Desk:
    """The one way to the listener, for the page and for the API."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.waiting = 0
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[dict[str, Any]]] = set()

    @property
    def is_full(self) -> bool:
        """Whether one is heard and as many wait as may."""
        return self.waiting > self.listener.limits.queue

    async def hear(self, file: Path, name: str, shown: bool = False) -> dict[str, Any]:
        """The answer about an upload, which is deleted by then; with what the page shows if that is wanted."""
        try:
            self._check_room()
        except Refusal:
            discard(file)
            raise
        return await self._asked({"file": str(file), "name": plain_name(name), "shown": shown}, file)

    async def hear_example(self, example: str) -> dict[str, Any]:
        """The same about one of the examples."""
        self._check_room()
        return await self._asked({"example": example, "shown": True})

    def _check_room(self) -> None:
        if self.is_full:
            raise Refusal(BUSY, "too many recordings are waiting: try again in a minute")

    async def _asked(self, asked: dict[str, Any], file: Path | None = None) -> dict[str, Any]:
        # Whoever asked may leave; the listener goes on, and its place is taken until it is done.
        self.waiting += 1
        task = asyncio.create_task(self._in_turn(asked, file))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    async def _in_turn(self, asked: dict[str, Any], file: Path | None) -> dict[str, Any]:
        try:
            async with self._turn:
                return await asyncio.to_thread(self.listener.ask, asked)
        finally:
            self.waiting -= 1
            if file is not None:
                discard(file)

    def _done(self, task: asyncio.Task[dict[str, Any]]) -> None:
        self._tasks.discard(task)
        # Asked for, so that a refusal that nobody waits for any more is not complained of.
        if not task.cancelled():
            task.exception()


def plain_name(name: str) -> str:
    """A name that a stranger gave, for showing alone: no folders, nothing invisible, not too long."""
    last = UNSHOWN.sub("", name.replace("\\", "/")).rstrip("/").rsplit("/", 1)[-1].strip()
    if len(last) > LONGEST_NAME:
        last = f"{last[: LONGEST_NAME - 20]}…{last[-19:]}"
    return last or "recording"
