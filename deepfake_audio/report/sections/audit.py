"""What the audit of the data found: leaks between the sides of the split."""

from __future__ import annotations

from typing import Any

from ...evaluation.doubts import size_in_words
from ..html import folded, heading, paragraph, table
from ..words import percent

KINDS = {
    "voice": "the same voice",
    "face": "the same face",
    "track": "the same track, sample for sample",
    "near_track": "nearly the same track (cut, shifted, re-encoded)",
    "name": "the same file name",
}


def audit_section(audit: dict[str, Any] | None) -> str:
    """Leaks by kind, what else was noticed, and examples to look at."""
    if not audit:
        return ""
    leaks = audit.get("leaks") or {}
    size = f"{size_in_words(audit)} were looked through."
    verdict = "The audit passed: nothing forbidden was found." if audit["passed"] else failed(audit)
    told = [paragraph(f"{size} {verdict}", "" if audit["passed"] else "alarm")]
    told += [_leak_table(leaks)] if leaks else []
    # The sentence on shortcuts stands with the shortcuts.
    shortcuts = (audit.get("shortcuts") or {}).get("words")
    told += [paragraph(_sentence(line)) for line in audit.get("words", []) if line != shortcuts]
    examples = [[kind, each] for kind, leak in leaks.items() for each in leak["examples"]]
    told += [folded(f"Examples ({len(examples)})", _examples(examples))] if examples else []
    return heading("Leaks between training, validation and test") + "".join(told)


def failed(audit: dict[str, Any]) -> str:
    """What was forbidden and is there all the same."""
    found = [
        f"{KINDS.get(kind, kind)} ({percent(leak['share_of_test'])} of the test clips)"
        for kind, leak in audit["leaks"].items()
        if leak["forbidden"] and leak["found"]
    ]
    # What the split itself forbids, and what could not be looked for, has no row among the leaks.
    lines = [_sentence(line) for line in audit.get("words", []) if "forbidden" in line]
    told = f"Forbidden, and on more than one side: {'; '.join(found)}." if found else " ".join(lines)
    return f"The audit did not pass. {told or 'What is forbidden could not be looked for.'}"


def _leak_table(leaks: dict[str, dict[str, Any]]) -> str:
    rows = [
        [
            KINDS.get(kind, kind),
            f"{leak['found']:,}",
            f"{leak['test_clips']:,} ({percent(leak['share_of_test'])})",
            ("yes, and found" if leak["found"] else "yes") if leak["forbidden"] else "no",
        ]
        for kind, leak in leaks.items()
    ]
    note = "Test clips: those in test that share something with a clip on another side."
    return table(
        ["on more than one side", "found", "test clips", "forbidden"], rows, "What parts share"
    ) + paragraph(note, "note")


def _examples(examples: list[list[Any]]) -> str:
    rows = [
        [
            KINDS.get(kind, kind),
            *(f"{clip} ({side})" for clip, side in zip(each["clips"], each["splits"], strict=True)),
            each["what"],
        ]
        for kind, each in examples
    ]
    return table(["shared", "clip", "and clip", "what"], rows, "Examples of what parts share")


def _sentence(line: str) -> str:
    return line[:1].upper() + line[1:] + ("" if line.endswith((".", "?", "!")) else ".")
