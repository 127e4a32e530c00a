"""What comes in at all: known addresses, so many uploads at once, so many bytes, in so much time.

It stands before the page and the API alike, and counts while an upload is read: what is too large is stopped there
and not found out afterwards.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from .limits import SLACK_BYTES, Limits
from .refusal import BUSY, NOT_THERE, TOO_LARGE, TOO_SLOW_TO_SEND, WRONG_METHOD, Refusal
from .uploads import Uploads

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

OF_PAGE, OF_API = "/gradio_api/upload", "/v1/verdict"
# Of all that Gradio answers, what this page and Gradio's client need. The rest would serve files, fetch addresses or
# take orders for which nothing here has a use.
READ = re.compile(
    r"/|/config|/theme\.css|/favicon\.ico|/robots\.txt|/openapi\.json|/v1/(health|detector)|/(assets|static)/.*"
    r"|/gradio_api/(info|startup-events|app_id|upload_progress|queue/data|heartbeat/\w+|call/\w+/\w+|theme\.css)"
)
WRITTEN = re.compile(r"/v1/verdict|/gradio_api/(upload|queue/join|call/(v2/)?\w+|cancel|reset)")
# Everything comes from here; the page's own scripts are inline, and Gradio makes functions of text.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
    "connect-src 'self' data: blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"microphone=(self), camera=(), geolocation=()"),
)


class Door:
    """An ASGI application around another."""

    def __init__(self, app: App, limits: Limits, uploads: Uploads) -> None:
        self.app = app
        self.limits = limits
        self.uploads = uploads
        self.uploading = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        if scope["type"] != "http":
            return
        path, methods = scope["path"], _methods(scope["path"])
        if not methods:
            await _tell(send, Refusal(NOT_THERE, "there is nothing at this address"))
        elif scope["method"] not in methods:
            words = " and ".join(methods)
            refusal = Refusal(WRONG_METHOD, f"this address takes {words}, not {scope['method']}")
            await _tell(send, refusal, (b"allow", ", ".join(methods).encode()))
        elif path not in (OF_PAGE, OF_API):
            await self._pass(scope, receive, send, SLACK_BYTES)
        elif self.uploading > self.limits.queue:
            await _tell(send, Refusal(BUSY, "too many uploads at once: try again in a minute"))
        else:
            await self._upload(scope, receive, send)

    async def _upload(self, scope: Message, receive: Receive, send: Send) -> None:
        """One of as many as may be heard and wait; and to the page only while not too much lies there unasked about."""
        self.uploading += 1
        try:
            if scope["path"] == OF_PAGE and await asyncio.to_thread(self.uploads.is_full):
                await _tell(send, Refusal(BUSY, "too many recordings lie here: try again in a minute"))
            else:
                await self._pass(scope, receive, send, self.limits.max_bytes + SLACK_BYTES)
        finally:
            self.uploading -= 1
            if self.uploading == 0:
                self.uploads.drop_parts()

    async def _pass(self, scope: Message, receive: Receive, send: Send, most_bytes: int) -> None:
        body = _Body(receive, send, most_bytes, self.limits)
        if _length(scope) > most_bytes:
            await body.refuse(body.too_large)
            return
        try:
            await self.app(scope, body.receive, body.send)
        except Exception:
            # What an application makes of a request that was cut off is of no interest.
            if not body.over:
                raise


class _Body:
    """One request as it is read, and the answer on its way; once that is over the application is not heard."""

    def __init__(self, receive: Receive, send: Send, most_bytes: int, limits: Limits) -> None:
        self._receive, self._send = receive, send
        self._most_bytes, self._seconds = most_bytes, limits.time_limit_seconds
        self._read, self._until = 0, time.monotonic() + limits.time_limit_seconds
        self._whole = self.over = False
        self.too_large = Refusal(TOO_LARGE, f"more than {limits.max_mb:g} MB are not taken")

    async def receive(self) -> Message:
        """The next piece, if it comes in time and is not too much."""
        if self.over:
            return {"type": "http.disconnect"}
        if self._whole:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, self._until - time.monotonic()))
        except TimeoutError:
            return await self.refuse(
                Refusal(TOO_SLOW_TO_SEND, f"sending took longer than {self._seconds:g} s")
            )
        if message["type"] == "http.disconnect":
            self.over = True
            return message
        self._read += len(message.get("body", b""))
        if self._read > self._most_bytes:
            return await self.refuse(self.too_large)
        self._whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """The application's answer, with headers that keep the page to itself."""
        if self.over:
            return
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *HEADERS]}
        await self._send(message)

    async def refuse(self, refusal: Refusal) -> Message:
        """Answer in the application's place; to that it looks as if the client had left."""
        self.over = True
        await _tell(self._send, refusal)
        return {"type": "http.disconnect"}


def _methods(path: str) -> tuple[str, ...]:
    """What may be done at an address; nothing where there is none."""
    read = ("GET", "HEAD") if READ.fullmatch(path) else ()
    return (*read, "POST") if WRITTEN.fullmatch(path) else read


def _length(scope: Message) -> int:
    told = dict(scope["headers"]).get(b"content-length", b"0")
    return int(told) if told.isdigit() else 0


async def _tell(send: Send, refusal: Refusal, *more: tuple[bytes, bytes]) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close"), *HEADERS, *more]
    if refusal.status == BUSY:
        headers.append((b"retry-after", b"60"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"error": str(refusal)}).encode()})
