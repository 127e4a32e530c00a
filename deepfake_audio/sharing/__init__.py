"""Detectors from and to the Hugging Face Hub, or any folder."""

from __future__ import annotations

from .hub import push_to_hub
from .places import find_detector, from_pretrained
from .publishing import publish

__all__ = ["find_detector", "from_pretrained", "publish", "push_to_hub"]
