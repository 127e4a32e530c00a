"""Train detectors of deepfake speech, from a folder of videos to a verdict that can be defended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .detector import Detector, load_detector
    from .sharing import from_pretrained

__all__ = ["Detector", "__version__", "from_pretrained", "load_detector"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load what needs torch only when it is asked for, so that importing the package stays instant."""
    if name in {"Detector", "load_detector"}:
        from . import detector

        return getattr(detector, name)
    if name == "from_pretrained":
        from .sharing import from_pretrained

        return from_pretrained
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
