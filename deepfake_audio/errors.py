"""The one kind of error that is meant for the person at the keyboard."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can put right: one line that says what is wrong and what to do.

    Verbs print it without a traceback and exit with 2; a library caller can catch it.
    """


class TooLongError(UserError):
    """A recording is longer than whoever asked allows."""


def one_line(error: BaseException) -> str:
    """The message itself, also when a DataLoader worker has wrapped it in its traceback."""
    text = str(error)
    if "Original Traceback" in text:
        text = text.strip().splitlines()[-1].split("UserError: ", 1)[-1]
    return " ".join(text.split())


def named(items: list[str], most: int = 5) -> str:
    """A few names for an error message: `a, b, c and 7 more`."""
    shown = ", ".join(items[:most])
    rest = len(items) - most
    return f"{shown} and {rest} more" if rest > 0 else shown
