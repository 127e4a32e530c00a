"""Commands without the wait: a process that has imported what they import, and forks itself for each of them.

A command that starts in a new interpreter spends most of its time importing torch and Lightning. Here the same
module runs by the same arguments in a child of a process that has done so; nothing of our own is imported before.
Tests that are about starting up, installing or killing start the interpreter itself.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from .mounts import enter

REPOSITORY = Path(__file__).parents[1]
HEAVY = ("torch", "torchaudio", "pytorch_lightning", "hydra", "pandas", "sklearn.linear_model", "scipy.signal",
         "soundfile", "moviepy", "matplotlib.pyplot", "torchmetrics", "captum.attr")  # fmt: skip


def run(
    *arguments: str | Path, cwd: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`python -m deepfake_audio.VERB ...`, or `python SCRIPT.py ...`: what it printed and how it ended."""
    words = [str(argument) for argument in arguments]
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        asked = {
            "arguments": words,
            "cwd": str(cwd),
            "env": {**os.environ, "PYTHONPATH": str(REPOSITORY), **(env or {})},
            "out": str(out),
            "err": str(err),
        }
        process = _started()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        status = int(process.stdout.readline())
        return subprocess.CompletedProcess(words, status, out.read_text(), err.read_text())


@cache
def _started() -> subprocess.Popen[str]:
    """One for each process of tests; it ends when its standard input does."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.warm"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def serve() -> dict[str, Any] | None:
    """Fork for each line of standard input and tell how it ended; in a child, what it is to do."""
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        child = os.fork()
        if child == 0:
            return asked
        print(_ended(child), flush=True)
    return None


def _ended(child: int, seconds: float = 400) -> int:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGKILL


def become(asked: dict[str, Any]) -> NoReturn:
    """Run what was asked for as the interpreter would have."""
    for number, file in ((1, asked["out"]), (2, asked["err"])):
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(asked["env"])
    enter()
    os.chdir(asked["cwd"])
    _leave(_status_of(asked["arguments"], asked["cwd"]))


def _status_of(arguments: list[str], cwd: str) -> int:
    """As the interpreter ends: what was asked to end with, 1 and the traceback after an error."""
    first, *rest = arguments
    sys.argv = [first, *rest]
    try:
        if first.endswith(".py"):
            sys.path[0] = str(Path(first).parent.resolve())
            runpy.run_path(first, run_name="__main__")
        else:
            sys.path[0] = cwd
            runpy.run_module(f"deepfake_audio.{first}", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _leave(status: int) -> NoReturn:
    """Without unloading libraries: they would wait for threads that a fork leaves behind."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    for name in HEAVY:
        importlib.import_module(name)
    job = serve()
    if job is not None:
        become(job)
