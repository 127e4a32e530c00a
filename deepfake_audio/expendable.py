"""One task for many items in processes that may die or be caught for ever: the one at fault is named.

For what damaged or hostile files are given to: a crash of a decoder costs one item and the start of one process.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from .errors import UserError
from .stopping import end_with_parent

# So that a process has its next item at hand when it is done with one.
AHEAD = 4
# Of the memory that a process may claim for itself; ten hours of one channel need less.
MOST_BYTES = 4 * 2**30
# One core a process.
ALONE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Lost:
    """In the place of a result: why there is none."""

    reason: str


@dataclass
class _Worker:
    """A process, and the items it was given and hasn't answered, the one it is at first."""

    process: subprocess.Popen[bytes]
    line: Connection
    given: deque[tuple[int, Any]] = field(default_factory=deque)
    ready: bool = False

    def give(self, number: int, item: Any) -> None:
        self.given.append((number, item))
        # If it is dead, that shows when its answers are read.
        with suppress(OSError):
            self.line.send(item)

    def end(self) -> int:
        """Make an end of it, and of what it may have started; what it ended with."""
        self.line.close()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()


def in_expendable_processes(
    task: Callable[[Any], Any], items: Iterable[Any], jobs: int, most_seconds: float
) -> Iterator[tuple[int, Any]]:
    """The number of each item and `task` of it, as they come; `Lost` where the process at it died.

    What the task raises is raised here, and ends the work. Items are taken only as they are needed.

    Args:
        task: what another process can import: a function of a module, or a `partial` of one.
        jobs: how many processes.
        most_seconds: a process that is longer at an item is killed.
    """
    waiting, again = enumerate(items), deque[tuple[int, Any]]()
    workers: list[_Worker] = []

    def following() -> tuple[int, Any] | None:
        return again.popleft() if again else next(waiting, None)

    try:
        # Each one something to do first, before any is given a second item.
        while len(workers) < jobs and (due := following()) is not None:
            workers.append(_start(task, most_seconds))
            workers[-1].give(*due)
        for worker in workers:
            _fill(worker, following)
        while any(worker.given for worker in workers):
            heard = wait([worker.line for worker in workers if worker.given])
            for worker in [each for each in workers if each.line in heard]:
                try:
                    answer = worker.line.recv()
                except (EOFError, OSError):
                    number, lost = _bury(worker, most_seconds)
                    again.extend(worker.given)
                    workers[workers.index(worker)] = worker = _start(task, most_seconds)
                    _fill(worker, following)
                    yield number, lost
                    continue
                if not worker.ready:
                    worker.ready = True
                    continue
                number, _ = worker.given.popleft()
                _fill(worker, following)
                if isinstance(answer, Exception):
                    raise answer
                yield number, answer
    finally:
        for worker in workers:
            worker.end()


def _fill(worker: _Worker, following: Callable[[], tuple[int, Any] | None]) -> None:
    while len(worker.given) < AHEAD and (due := following()) is not None:
        worker.give(*due)


def _start(task: Callable[[Any], Any], most_seconds: float) -> _Worker:
    """Not forked from this process, whose threads may hold locks, and without its main module."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import serve; serve({theirs.fileno()})"],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env={
                **os.environ,
                **ALONE,
                "PYTHONPATH": os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path),
            },
            # Ctrl-C is the first process' affair; and what it starts can be ended with it.
            start_new_session=True,
        )
    worker = _Worker(process, Connection(ours.detach()))
    with suppress(OSError):
        worker.line.send((task, most_seconds, os.getpid()))
    return worker


def _bury(worker: _Worker, most_seconds: float) -> tuple[int, Lost]:
    """The item that a dead process was at, and why there is no result of it."""
    status = worker.process.wait()
    worker.end()
    if not worker.ready:
        raise UserError(
            f"a process to work in doesn't start (it ended with {status}): what it said stands above"
        )
    number, _ = worker.given.popleft()
    return number, Lost(_cause(status, most_seconds))


def _cause(status: int, most_seconds: float) -> str:
    if status == -signal.SIGALRM:
        return f"given up after {most_seconds:g} s"
    if status == -signal.SIGKILL:
        return "the process at it was killed, probably for want of memory"
    name = signal.Signals(-status).name if status < 0 else f"exit status {status}"
    return f"the process at it crashed ({name}): it is damaged"


def serve(handle: int) -> None:
    """What such a process does: answer item by item, until nobody is there to ask."""
    with Connection(handle) as line:
        task, most_seconds, parent = line.recv()
        # Where the kernel has no such thing, the end of the line does it later.
        end_with_parent(parent)
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        most = MOST_BYTES if hard == resource.RLIM_INFINITY else min(MOST_BYTES, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
        line.send("ready")
        while True:
            try:
                item = line.recv()
            except (EOFError, ConnectionResetError):
                return
            # Nobody catches it: the kernel ends this process wherever it is caught.
            signal.setitimer(signal.ITIMER_REAL, most_seconds)
            answer = _answer(task, item)
            signal.setitimer(signal.ITIMER_REAL, 0)
            line.send(answer)


def _answer(task: Callable[[Any], Any], item: Any) -> Any:
    try:
        return task(item)
    except MemoryError:
        return Lost(f"it needs more than {MOST_BYTES / 2**30:g} GiB of memory")
    except Exception as error:
        return error
