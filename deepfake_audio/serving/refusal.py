"""Why there is no verdict, and the HTTP status that says so."""

from __future__ import annotations

from ..errors import UserError

BAD_REQUEST, NOT_THERE, WRONG_METHOD, GONE, TOO_LARGE, UNREADABLE = 400, 404, 405, 410, 413, 422
TOO_SLOW_TO_SEND, BUSY, TOO_SLOW_TO_HEAR, BROKEN = 408, 503, 504, 500


class Refusal(UserError):
    """One line for whoever asked; it never holds a path, nor a name that they gave."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
