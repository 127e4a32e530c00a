"""Several processes: the same answers in the same order, and a line where one of them is killed."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deepfake_audio.errors import UserError
from deepfake_audio.processes import in_processes

from .test_expendable import alive


def test_what_comes_back_is_in_order_and_what_one_process_says() -> None:
    items = [float(number) for number in range(20)]
    several = list(in_processes(math.sqrt, items, 2, "counted", at_a_time=3))
    assert several == list(in_processes(math.sqrt, items, 1, "counted")) == [math.sqrt(one) for one in items]


def test_a_killed_process_is_told_in_a_line() -> None:
    with pytest.raises(UserError, match="a process that listened was killed, probably for want of memory"):
        list(in_processes(os._exit, [9, 9, 9], 2, "listened"))


@pytest.mark.parametrize("jobs", [0, -1, True, 1.5])
def test_a_number_of_processes_is_a_whole_one(jobs: int) -> None:
    with pytest.raises(UserError, match=f"jobs={jobs}: give a whole number"):
        list(in_processes(math.sqrt, [1.0], jobs, "counted"))


BUSY = """
import time
from deepfake_audio.processes import in_processes
for _ in in_processes(time.sleep, [0, 60, 60, 60], 2, "slept", at_a_time=1):
    print("at work", flush=True)
"""
# What a worker answers is more than a pipe holds, and nobody takes it out.
UNHEARD = """
import time
from torch.utils.data import DataLoader
from deepfake_audio.stopping import serve_parent
loader = DataLoader([b"." * 2**20] * 9, batch_size=None, num_workers=1, worker_init_fn=serve_parent)
for _ in loader:
    print("at work", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("code", [BUSY, UNHEARD])
def test_none_outlives_a_parent_that_is_killed(code: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None and parent.stdout.readline() == "at work\n"
    workers = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
    assert workers
    parent.kill()
    parent.wait()
    parent.stdout.close()
    patience = time.monotonic() + 10
    while any(alive(worker) for worker in workers):
        assert time.monotonic() < patience
        time.sleep(0.02)
