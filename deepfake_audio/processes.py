"""One task for many items in several processes, and a line for people when one of these is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from .errors import UserError
from .stopping import end_with_parent


def in_processes(
    task: Callable[[Any], Any], items: Sequence[Any], jobs: int | None, doing: str, at_a_time: int = 4
) -> Iterator[Any]:
    """`task` of each item, in their order, as they come; in this process if one is enough.

    Args:
        task: a function of a module, which another process can import.
        jobs: how many processes; as many as there are processors if not given.
        doing: what they are at, for the message: "listened".
        at_a_time: items that are sent to a process together.
    """
    jobs = checked_jobs(jobs)
    if jobs == 1 or len(items) <= 1:
        yield from map(task, items)
        return
    # Not forked: what other threads of this process hold locked would stay so for ever.
    pool = ProcessPoolExecutor(
        min(jobs, len(items)), mp_context=get_context("spawn"), initializer=_start_worker
    )
    try:
        yield from pool.map(task, items, chunksize=at_a_time)
    except BrokenProcessPool:
        raise UserError(
            f"a process that {doing} was killed, probably for want of memory: try fewer jobs; a second run goes on "
            "where this one stopped"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def checked_jobs(jobs: int | None) -> int:
    """A number of processes: the one asked for, or one for each processor."""
    if jobs is None:
        return len(os.sched_getaffinity(0))
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise UserError(f"jobs={jobs}: give a whole number of 1 or more")
    return jobs


def _start_worker() -> None:
    """One core a process; Ctrl-C is the first process' affair, but each ends with it."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    threadpool_limits(1)
    # Not SIGTERM: by that a pool ends the others where one of them has died.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
