"""Several processes: the same answers in the same order, and a line where one of them is killed."""

from __future__ import annotations

import math
import os

import pytest

from deepfake_audio.errors import UserError
from deepfake_audio.processes import in_processes


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
