"""How wide a network's layers may be."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import UserError


def check_widths(**widths: int | Sequence[int]) -> None:
    """Raise, by its name, if a layer had no width: the network would answer alike whatever it is shown."""
    for name, told in widths.items():
        each = list(told) if isinstance(told, Sequence) else [told]
        if not each or any(
            isinstance(width, bool) or not isinstance(width, int) or width < 1 for width in each
        ):
            what = "name one layer or more, each" if isinstance(told, Sequence) else "be"
            raise UserError(f"model.{name}={told} must {what} a whole number, 1 or more")
