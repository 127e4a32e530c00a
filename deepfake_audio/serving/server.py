"""Page and API on one server, and its life: from the port it takes to the last file it deletes."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from .limits import Limits
from .listener import Listener

if TYPE_CHECKING:
    import uvicorn

    from .door import Door
    from .uploads import Uploads

# Pages that stay open, and whoever does nothing but connect.
MOST_CONNECTIONS = 200
# For answers that are on their way when it is told to stop.
STOP_SECONDS = 3
STOPPED_BY = (signal.SIGINT, signal.SIGTERM)
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(detector: Path, host: str, port: int, limits: Limits) -> None:
    """Answer until the process is told to stop, and leave nothing behind."""
    with (
        _stopping(),
        _bound(host, port) as taken,
        tempfile.TemporaryDirectory(prefix="deepfake-audio-") as folder,
    ):
        # Gradio keeps uploads where this says, and asks once, when it is imported.
        os.environ["GRADIO_TEMP_DIR"] = str(Path(folder) / "page")
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        try:
            import gradio  # noqa: F401
            import uvicorn
        except ImportError:
            raise UserError("the page needs Gradio: pip install 'deepfake-audio[app]'") from None
        from .uploads import Uploads

        uploads = Uploads(Path(folder), limits)
        listener = Listener(detector, uploads.scratch, limits)
        try:
            listener.wait_until_ready()
            config = uvicorn.Config(
                application(listener, uploads),
                log_level="warning",
                limit_concurrency=MOST_CONNECTIONS,
                timeout_graceful_shutdown=STOP_SECONDS,
                ws="none",
                server_header=False,
            )
            print(where(host, taken.getsockname()[1]), flush=True)
            asyncio.run(_answering(uvicorn.Server(config), taken, listener))
        finally:
            listener.close()


def application(listener: Listener, uploads: Uploads) -> Door:
    """The whole of it as an ASGI application."""
    import gradio

    from .api import with_api
    from .desk import Desk
    from .door import Door
    from .page import page, settings

    desk = Desk(listener)
    api = with_api(desk, uploads)
    api.router.lifespan_context = _sweeping(uploads)
    limits = listener.limits
    mounted = gradio.mount_gradio_app(
        api, page(desk, uploads), path="/", max_file_size=limits.max_bytes, **settings()
    )
    return Door(mounted, limits, uploads)


def where(host: str, port: int) -> str:
    """For whoever started it."""
    place = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if host in LOOPBACK:
        return f"listening at {place} for this computer alone; Ctrl-C ends it"
    return (
        f"listening at {place} for everybody who can reach it, without a password: put a proxy with one before it; "
        "Ctrl-C ends it"
    )


async def _answering(server: uvicorn.Server, taken: socket.socket, listener: Listener) -> None:
    """Here and not only afterwards: the loop does not end before whoever waits for the listener has an answer."""
    try:
        await server.serve(sockets=[taken])
    finally:
        await asyncio.to_thread(listener.close)


@contextmanager
def _stopping() -> Iterator[None]:
    """A signal to stop leaves by way of everything that cleans up.

    By itself SIGTERM would end the process on the spot; uvicorn takes it, but sends it again when it is done.
    """

    def stop(number: int, _: FrameType | None) -> None:
        for each in STOPPED_BY:
            signal.signal(each, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(0)

    before = {each: signal.signal(each, stop) for each in STOPPED_BY}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _sweeping(uploads: Uploads) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(uploads.sweep_for_ever())
        yield
        sweeping.cancel()

    return lifespan


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    """The port, taken before anything slow is begun."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        taken = socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"--host {host} --port {port} can't be used: {reason}") from None
    with closing(taken):
        yield taken
