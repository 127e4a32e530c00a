"""What the README and the pages of docs/ tell people to type, collected so that tests can run all of it.

A block of code on a page is of one of three kinds. **Shell**: fenced or indented, some line of it begins with a program
that we know (`KNOWN`). **Python**: fenced as such. All else is shown, not typed: output, files, layouts; such a block
must not be fenced as `console`, `bash` or `sh`.

A comment on the line above a block says why it isn't run as it stands: `<!-- only parsed: needs two GPUs -->`. What is
only parsed is still composed by Hydra or read by the command's own parser, and Python is compiled.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
SHELLS = {"console", "bash", "sh", "shell"}
KNOWN = ("python -m deepfake_audio", "python scripts/", "deepfake-audio ", "make ", "pip install", "curl ")
# An opening fence, its text, and its end; or lines that are indented by four, after an empty one.
FENCED = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"(?<=\n\n)(?:    \S[^\n]*\n)+")
INLINE = re.compile(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)")
ONLY_PARSED = re.compile(r"<!-- only parsed: (.{10,}?) -->\s*\Z")


def pages() -> list[str]:
    """Each page that people read, by its path in the repository."""
    inside = sorted(path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "docs").rglob("*.md"))
    return ["README.md", "CONTRIBUTING.md", "splits/README.md", *inside]


@dataclass(frozen=True)
class Block:
    """A block of code of a page; `reason` says why it is only parsed, if it is."""

    page: str
    line: int
    language: str
    text: str
    reason: str = ""

    @property
    def kind(self) -> str:
        """`shell`, `python` or `shown`."""
        if self.language in {"python", "py"}:
            return "python"
        told = any(line.startswith(KNOWN) for line in self.text.splitlines())
        return "shell" if told or self.language in SHELLS else "shown"

    @property
    def commands(self) -> list[list[str]]:
        """The words of each command of a shell block: continued lines are one, comments are none."""
        joined = re.sub(r"\\\n\s*", " ", self.text)
        lines = [line.strip().removeprefix("$ ") for line in joined.splitlines()]
        return [shlex.split(line, comments=True) for line in lines if line and not line.startswith("#")]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@cache
def blocks(page: str) -> tuple[Block, ...]:
    """All blocks of a page, in order."""
    return tuple(sorted(_found((REPOSITORY / page).read_text(encoding="utf-8"), page), key=lambda b: b.line))


def _found(text: str, page: str) -> Iterator[Block]:
    for fence in FENCED.finditer(text):
        reason = ONLY_PARSED.search(text[: fence.start()])
        yield Block(
            page, text.count("\n", 0, fence.start()) + 1, fence[1], fence[2], reason[1] if reason else ""
        )
    # What is indented inside a fence is that fence's.
    without = FENCED.sub(lambda fence: re.sub(r"[^\n]", "", fence[0]), text)
    for found in INDENTED.finditer(without):
        lines = "".join(line[4:] + "\n" for line in found[0].splitlines())
        reason = ONLY_PARSED.search(without[: found.start()])
        yield Block(page, without.count("\n", 0, found.start()) + 1, "", lines, reason[1] if reason else "")


def inline_commands(page: str) -> list[list[str]]:
    """Commands in running text, such as `deepfake-audio train --help`."""
    text = FENCED.sub("", (REPOSITORY / page).read_text(encoding="utf-8"))
    spans = [" ".join(span.split()) for span in INLINE.findall(text)]
    return [shlex.split(span) for span in spans if span.startswith(KNOWN)]


def verb_and_arguments(words: list[str]) -> tuple[str, list[str]] | None:
    """What of the package a command runs (`train`, `scripts/tune_threshold.py`); None for other programs."""
    match words:
        case ["python", "-m", module, *arguments] if module.startswith("deepfake_audio"):
            if module == "deepfake_audio":
                return (arguments[0], arguments[1:]) if arguments else None
            return module.removeprefix("deepfake_audio."), arguments
        case ["python", script, *arguments] if script.startswith("scripts/"):
            return script, arguments
        case ["deepfake-audio", verb, *arguments]:
            return verb, arguments
    return None
