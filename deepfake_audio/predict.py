"""Say of recordings how likely their voices are fake: `python -m deepfake_audio.predict FILE ... --detector DIR`."""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .audio.media import RECORDINGS
from .configs import command_line_errors
from .errors import UserError, one_line
from .probability import digits_apart, shown

if TYPE_CHECKING:
    from .verdict import Verdict

SOME_UNREADABLE = 3


def main(arguments: list[str] | None = None) -> int:
    """Score each file; exit with 0, 2 for bad use, 3 when some files could not be read."""
    parser = argparse.ArgumentParser(
        prog="python -m deepfake_audio.predict", description=__doc__.split(":")[0] + "."
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE_OR_FOLDER")
    parser.add_argument(
        "--detector", required=True, type=Path, metavar="DIR", help="detector/ of a run, or the run"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of a table")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    options = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        # A file name need not be text; what cannot be shown must not cost the other files their verdict.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    with command_line_errors():
        return _predict(options)
    raise AssertionError("unreachable: errors leave by sys.exit")


def _predict(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from .detector import load_detector

    files = find_recordings(options.files)
    detector = load_detector(options.detector, options.device)
    verdicts, unreadable = [], []
    for file in tqdm(
        files, desc="listening", unit="file", disable=len(files) < 10 or not sys.stderr.isatty()
    ):
        try:
            verdicts.append(detector.predict(file))
        except UserError as error:
            unreadable.append({"file": str(file), "error": one_line(error)})
    if options.json:
        print(
            json.dumps([verdict.to_dict() for verdict in verdicts] + unreadable, indent=2, ensure_ascii=False)
        )
    else:
        print(table(verdicts))
    for failure in unreadable:
        print(f"error: {failure['error']}", file=sys.stderr)
    return SOME_UNREADABLE if unreadable else 0


def find_recordings(places: list[Path]) -> list[Path]:
    """Files as they are named, and in folders every file that looks like a recording, in order."""
    files: list[Path] = []
    for place in places:
        if place.is_dir():
            found = sorted(
                file
                for file in place.rglob("*")
                if file.suffix.lower() in RECORDINGS and file.is_file() and not file.name.startswith("._")
            )
            if not found:
                raise UserError(f"{place} holds no recording ({', '.join(RECORDINGS)})")
            files += found
        else:
            files.append(place)
    return files


def table(verdicts: list[Verdict]) -> str:
    """For people: a line a file, below it the time line of its windows."""
    if not verdicts:
        return ""
    threshold = verdicts[0].threshold
    digits = max(digits_apart(verdict.p_fake, threshold) for verdict in verdicts)
    width = max(8, digits + 3)
    lines = [f"{'P(fake)':>{width}}  {'verdict':<7}  file   (fake from {threshold:.{digits}f} on)"]
    for verdict in verdicts:
        lines.append(f"{shown(verdict.p_fake, digits):>{width}}  {verdict.verdict:<7}  {verdict.file}")
        for window in verdict.windows:
            bar = "#" * round(window.p_fake * 20)
            span = f"{window.start_seconds:.1f} to {window.end_seconds:.1f} s"
            lines.append(f"{span:>28}  {shown(window.p_fake):>6}  {bar}")
        lines += [f"{'':10}note: {warning}" for warning in verdict.warnings]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
