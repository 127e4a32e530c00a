"""Write a file whole or not at all: the old one stays until the new one is complete."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import UserError

# A table of counterfactuals of a large corpus comes to a few of them.
MOST_JSON_BYTES = 256 * 2**20
# What a disk says that knows no locks, as some of clusters do: who works there must see to it that it's alone.
NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes the place of `path`.

    The temporary name is fixed, so that what a killed process left behind is overwritten by the next one
    and no litter stays; only who finds another process writing the same file takes a name of its own. It keeps
    the suffix, by which some writers choose the format.
    """
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    path.parent.mkdir(parents=True, exist_ok=True)
    held = _held(part)
    if held is None:
        part = path.with_name(f".{path.stem}.part{os.getpid()}{path.suffix}")
    try:
        yield part
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        # Not before the file is in its place, or gone: the next one must not get hold of it.
        if held is not None:
            os.close(held)


def _held(part: Path) -> int | None:
    """A handle by which nobody else gets `part` (made if missing), or None where somebody has it."""
    handle = os.open(part, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # While we waited for it, it may have been moved into its place.
        if os.path.samestat(os.fstat(handle), part.stat()):
            return handle
    except OSError:
        pass
    os.close(handle)
    return None


@contextmanager
def alone_in(folder: Path, doing: str, wait: bool = False) -> Iterator[None]:
    """Hold a folder (made if missing) locked, without a lock file; the kernel lets go when the process dies.

    Args:
        doing: what another process must be at if it holds the folder, for the message.
        wait: until the other one is done, in the place of an error.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise UserError(f"{folder} can't be made or opened ({error.strerror}); give another folder") from None
    try:
        lock(handle, wait)
        yield
    except BlockingIOError:
        raise UserError(
            f"{folder} is in use: another {doing} is at work there; wait for it, or give another"
        ) from None
    finally:
        os.close(handle)


def lock(handle: int, wait: bool = False) -> None:
    """Lock an open file or folder where the disk knows locks; `BlockingIOError` where another process has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise


def write_text(path: Path, text: str) -> None:
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file."""
    content = _parsed(path)
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no JSON object; restore it or run the step that writes it")
    return content


def read_json_list(path: Path) -> list[Any]:
    """The JSON list in a file."""
    content = _parsed(path)
    if not isinstance(content, list):
        raise UserError(f"{path} is no list")
    return content


def _parsed(path: Path) -> Any:
    try:
        if (size := path.stat().st_size) > MOST_JSON_BYTES:
            raise UserError(
                f"{path} has {size:,} bytes, and none of ours needs more than {MOST_JSON_BYTES:,}"
            )
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is missing") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        # Also a number of thousands of digits, or thousands of brackets.
        raise UserError(
            f"{path} is no valid JSON ({error}); restore it or run the step that writes it"
        ) from None
