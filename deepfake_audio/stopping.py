"""What a signal to end does: at once where that tears nothing apart, else as soon as a step is whole."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import active_children, parent_process
from types import FrameType

# Ctrl-C, and what a scheduler sends before it takes the machine away.
SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Linux' name for the wish to be sent a signal when the parent is gone.
PR_SET_PDEATHSIG = 1


class Stopped(KeyboardInterrupt):
    """A signal asked this process to end, and nothing was torn by it.

    Libraries let it pass and clear up, as they do for Ctrl-C.

    Args:
        number: of the signal.
        words: what a person should know.
    """

    def __init__(self, number: int, words: str = "stopped") -> None:
        super().__init__(words)
        self.number = number

    @property
    def status(self) -> int:
        """To end with: what schedulers and shells know as ended by this signal."""
        return 128 + self.number


class _Watch:
    """What was asked of this process by signals, of which it has but one set."""

    def __init__(self) -> None:
        self.process = 0
        self.held = False
        self.asked: int | None = None
        self.leaving = False

    def begin(self) -> None:
        self.__init__()  # type: ignore[misc]
        self.process = os.getpid()

    def hear(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self.process:
            # A fork of ours, which was asked itself.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        elif self.leaving:
            if number == signal.SIGINT:
                # Asked again, by a person who won't wait; files are whole at any time.
                os._exit(128 + number)
        elif self.held and self.asked is None:
            self.asked = number
        else:
            self.leave(number)

    def leave(self, number: int) -> None:
        self.leaving = True
        raise Stopped(number)


_watch = _Watch()


@contextmanager
def stoppable() -> Iterator[None]:
    """Within, SIGINT and SIGTERM raise `Stopped`, unless they are held.

    What the process was started to ignore (`nohup`, a shell's background) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    _watch.begin()
    former = {number: signal.signal(number, _watch.hear) for number in heard}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        _watch.begin()


def hold() -> None:
    """From here on a signal waits: half of what is being done would be worth nothing. A second one does not."""
    _watch.held = True


def release() -> None:
    """Raise `Stopped` if a signal has waited."""
    _watch.held = False
    if _watch.asked is not None and not _watch.leaving:
        _watch.leave(_watch.asked)


def serve_parent(worker: int = 0) -> None:
    """For processes that serve another: a scheduler asks all of a job at once, and the first must not miss them."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    end_with_parent()


def end_with_parent(parent: int | None = None) -> None:
    """Die when the parent is killed; only Linux' kernel offers that.

    Else a process may stay for ever: it waits at a pipe of which it holds both ends.

    Args:
        parent: the one who started this process, if that was not done by `multiprocessing`.
    """
    if parent is None:
        starter = parent_process()
        assert starter is not None and starter.pid is not None
        parent = starter.pid
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # It may have gone before it was asked.
    if os.getppid() != parent:
        os._exit(1)


def end_workers() -> None:
    """Kill what serves this process, which is about to leave and would else wait for what they are at."""
    # PyTorch takes the death of a worker for a fault, and would raise in the middle of leaving.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for worker in active_children():
        worker.kill()
