"""Processes that may die: each item has its answer or its loss, and nobody is left over."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from deepfake_audio.errors import UserError
from deepfake_audio.expendable import AHEAD, Lost, in_expendable_processes


def obey(item: object) -> object:
    """What another process does: a number is squared, a word is a way to go wrong."""
    if isinstance(item, int):
        return item**2, os.getpid()
    if item == "raise":
        raise UserError("no more room")
    if item == "hang":
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
        while True:
            pass
    if item == "eat":
        return np.ones(2**33, np.uint8).sum()
    if item == "exit":
        os._exit(3)
    os.kill(os.getpid(), getattr(signal, str(item)))
    return None


def children() -> set[int]:
    """Those of this process that still run."""
    own = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(child) for file in own for child in file.read_text().split()}


def test_each_item_has_its_answer_whatever_became_of_others() -> None:
    before = children()
    items = [0, "SIGSEGV", 2, "hang", "SIGKILL", 5, "exit", "eat", *range(8, 30)]
    found = dict(in_expendable_processes(obey, items, 2, most_seconds=0.7))
    assert sorted(found) == list(range(len(items)))
    squares = {number: answer[0] for number, answer in found.items() if not isinstance(answer, Lost)}
    assert squares == {number: item**2 for number, item in enumerate(items) if isinstance(item, int)}
    reasons = {
        str(items[number]): answer.reason for number, answer in found.items() if isinstance(answer, Lost)
    }
    assert reasons == {
        "SIGSEGV": "the process at it crashed (SIGSEGV): it is damaged",
        "hang": "given up after 0.7 s",
        "SIGKILL": "the process at it was killed, probably for want of memory",
        "exit": "the process at it crashed (exit status 3): it is damaged",
        "eat": "it needs more than 4 GiB of memory",
    }
    assert children() == before


def test_items_are_taken_as_they_are_needed_and_shared_out() -> None:
    taken = []

    def items() -> Iterator[int]:
        for number in itertools.count():
            taken.append(number)
            yield number

    answers = in_expendable_processes(obey, items(), 2, 10)
    pids: set[int] = set()
    answered = 0
    # One may be at work long before the other has started.
    while len(pids) < 2:
        pids.add(next(answers)[1][1])
        answered += 1
    assert os.getpid() not in pids
    assert len(taken) <= answered + 2 * AHEAD
    before = children()
    answers.close()  # type: ignore[attr-defined]
    assert pids <= before and not pids & children()


def test_what_the_task_raises_ends_the_work() -> None:
    before = children()
    with pytest.raises(UserError, match="no more room"):
        list(in_expendable_processes(obey, [1, "raise", 3], 1, 10))
    assert children() == before


def test_a_process_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(UserError, match="a process to work in doesn't start"):
        list(in_expendable_processes(obey, [1], 1, 10))


def test_none_outlives_a_parent_that_is_killed() -> None:
    code = (
        "import time, os; from deepfake_audio.expendable import in_expendable_processes\n"
        "for _ in in_expendable_processes(time.sleep, [0, 0, 60, 60], 2, 99): print('go', flush=True)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert [parent.stdout.readline() for _ in range(2)] == ["go\n"] * 2
    workers = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
    assert len(workers) == 2
    parent.kill()
    parent.wait()
    parent.stdout.close()
    patience = time.monotonic() + 10
    while any(alive(worker) for worker in workers):
        assert time.monotonic() < patience
        time.sleep(0.02)


def alive(process: str) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
