"""How the run was made: when, on what, with which versions, from which data, by which settings."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from ..html import folded, heading, table

FINGERPRINTS = {
    "clips": "the clip table",
    "split": "which clip is in which part",
    "scores_val": "the scores on validation",
    "scores_test": "the scores on test",
}


def record_section(provenance: dict[str, Any] | None, seed: int | None, config: Path) -> str:
    """All that a repetition would need, folded away."""
    told = [_made(provenance or {}, seed), _versions(provenance or {}), _prints(provenance or {})]
    told.append(_config(config))
    return heading("How the run was made") + "".join(told) if any(told) else ""


def _made(provenance: dict[str, Any], seed: int | None) -> str:
    hardware = provenance.get("hardware") or {}
    rows = [
        ["started", str(provenance.get("started") or "").replace("T", " ")],
        ["took", _duration(provenance.get("seconds"))],
        ["processor", ", ".join(_present(hardware.get("cpu"), _unit(hardware.get("cores"), "cores")))],
        ["memory", _unit(hardware.get("memory_gib"), "GiB")],
        ["graphics card", str(hardware.get("gpu") or ("none" if hardware else ""))],
        ["system", str(provenance.get("platform") or "")],
        ["Python", str(provenance.get("python") or "")],
        ["seed", "" if seed is None else str(seed)],
    ]
    known = [row for row in rows if row[1]]
    return (
        folded("Time and hardware", table(["", "this run"], known, "Time and hardware", "long"))
        if known
        else ""
    )


def _versions(provenance: dict[str, Any]) -> str:
    rows = [[name, str(number)] for name, number in (provenance.get("versions") or {}).items()]
    return folded("Versions", table(["package", "version"], rows, "Versions")) if rows else ""


def _prints(provenance: dict[str, Any]) -> str:
    prints = provenance.get("fingerprints") or {}
    rows = [[FINGERPRINTS.get(name, name), str(value)] for name, value in prints.items() if value]
    caption = "Two runs with the same fingerprint saw the same"
    return folded("Data fingerprints", table(["of", "fingerprint"], rows, caption, "long")) if rows else ""


def _config(path: Path) -> str:
    if not path.is_file():
        return ""
    text = escape(path.read_text(encoding="utf-8", errors="replace"))
    return folded("Configuration", f'<pre tabindex="0">{text}</pre>')


def _unit(number: float | None, unit: str) -> str:
    return "" if number is None else f"{number:g} {unit}"


def _present(*texts: str | None) -> list[str]:
    return [text for text in texts if text]


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
