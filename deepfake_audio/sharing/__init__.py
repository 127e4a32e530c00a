"""Detectors from and to the Hugging Face Hub, or any folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .places import find_detector, from_pretrained

if TYPE_CHECKING:
    from .hub import push_to_hub
    from .publishing import publish

__all__ = ["find_detector", "from_pretrained", "publish", "push_to_hub"]


def __getattr__(name: str) -> Any:
    """What publishes comes when it is asked for: finding a detector is all that a verdict has to wait for."""
    if name == "push_to_hub":
        from .hub import push_to_hub

        return push_to_hub
    if name == "publish":
        from .publishing import publish

        return publish
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
