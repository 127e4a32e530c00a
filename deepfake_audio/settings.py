"""The settings that a run was made with, flat: `{"model.dropout": 0.1}`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]


def read_settings(config: Path) -> dict[str, Any]:
    """Those of a run's `config.yaml`; none where it is missing or can't be read."""
    told = read_yaml(config)
    return flattened(told) if isinstance(told, dict) else {}


def read_yaml(path: Path) -> Any:
    """Plain YAML, as runs write it; None where there is none that can be read."""
    try:
        # The parser in C: a leaderboard reads a hundred of these.
        return yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None


def flattened(config: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Names with dots in the place of nested tables; a list stays one value."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{above}{key}"
        flat |= flattened(value, f"{name}.") if isinstance(value, dict) and value else {name: value}
    return flat
