"""Say of recordings how likely their voices are fake: `python -m deepfake_audio.predict FILE ... [--detector DIR]`."""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .configs import command_line_errors
from .errors import UserError, one_line
from .listening.places import STDIN, Place, find_recordings
from .listening.telling import as_csv, printable, table

if TYPE_CHECKING:
    from .detector import Detector
    from .verdict import Verdict

SOME_UNREADABLE = 3


def main(arguments: list[str] | None = None) -> int:
    """Score each file; exit with 0, 2 for bad use, 3 when some files could not be read."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        # A file name need not be text; what cannot be shown must not cost the other files their verdict.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    with command_line_errors():
        return _predict(options)
    raise AssertionError("unreachable: errors leave by sys.exit")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deepfake_audio.predict", description=__doc__.split(":")[0] + "."
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help=f"recordings or videos, folders of them, patterns ('in/**/*.mp4'); {STDIN} is standard input: a list of "
        "names, or a recording itself",
    )
    parser.add_argument(
        "--detector",
        metavar="DIR",
        help="detector/ of a run, the run, or user/name on the Hugging Face Hub (default: the one that comes with the "
        "package)",
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print a JSON list instead of a table")
    shape.add_argument("--csv", action="store_true", help="print CSV, a row a file, instead of a table")
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="DIR",
        help="draw wave, spectrogram and time line of each file as PNG there",
    )
    parser.add_argument(
        "--prevalence",
        type=float,
        metavar="P",
        help="move the threshold to where this share of the recordings is fake, above 0 and below 1",
    )
    parser.add_argument(
        "--max-false-alarm",
        type=float,
        metavar="R",
        help="move the threshold so that at most this share of validation's real clips is called fake",
    )
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    return parser


def _predict(options: argparse.Namespace) -> int:
    from .detector import load_detector
    from .sharing.places import find_detector

    folder = find_detector(options.detector)
    use = {"prevalence": options.prevalence, "max_false_alarm": options.max_false_alarm}
    with tempfile.TemporaryDirectory() as spool:
        # Before anything is read from a pipe: what is wrong with the command is said at once.
        detector = load_detector(folder, options.device, **use)
        places = find_recordings(options.files, sys.stdin.buffer, Path(spool))
        verdicts, unreadable = _heard(detector, places, options.plot)
    if options.json:
        told = [verdict.to_dict() for verdict in verdicts] + unreadable
        print(json.dumps(told, indent=2, ensure_ascii=False))
    elif options.csv:
        print(as_csv(verdicts, unreadable))
    else:
        print(table(verdicts))
        if any(value is not None for value in use.values()) and verdicts:
            print(f"(the threshold was moved: {detector.config['threshold']['how']})")
    for failure in unreadable:
        print(f"error: {printable(failure['error'])}", file=sys.stderr)
    return SOME_UNREADABLE if unreadable else 0


def _heard(
    detector: Detector, places: list[Place], plots: Path | None
) -> tuple[list[Verdict], list[dict[str, str]]]:
    """The verdicts, and the files of which there is none with the reason."""
    verdicts, unreadable = [], []
    with _progress(len(places)) as bar:
        for place in places:
            try:
                verdict = detector.predict(
                    place.path, progress=lambda seconds: bar.set_postfix_str(f"{seconds:.0f} s heard")
                )
                verdicts.append(replace(verdict, file=place.name))
                if plots is not None:
                    _draw(detector, verdicts[-1], place, plots)
            except UserError as error:
                words = one_line(error).replace(str(place.path), place.name)
                unreadable.append({"file": place.name, "error": words})
            bar.update()
    return verdicts, unreadable


@contextmanager
def _progress(files: int) -> Iterator[Any]:
    """On a terminal only; a single file shows how much of it was heard."""
    from tqdm import tqdm

    with tqdm(
        total=files, desc="listening", unit="file", leave=False, disable=not sys.stderr.isatty()
    ) as bar:
        yield bar


def _draw(detector: Detector, verdict: Verdict, place: Place, folder: Path) -> None:
    from .files import replacing
    from .listening.overview import overview
    from .listening.streams import recording_blocks
    from .report.pictures.recording import recording_picture

    rate = detector.sample_rate
    seen = overview(recording_blocks(place.path, rate), round(verdict.seconds * rate), rate)
    with replacing(_free(folder, Path(place.name).stem or "recording")) as part:
        recording_picture(verdict, seen).savefig(part, dpi=120)


def _free(folder: Path, stem: str) -> Path:
    """A name for a picture in the folder that no other picture has."""
    stem = printable(stem).replace("/", "_").lstrip(".-")[:100] or "recording"
    file, number = folder / f"{stem}.png", 2
    while file.exists():
        file, number = folder / f"{stem}-{number}.png", number + 1
    return file


if __name__ == "__main__":
    sys.exit(main())
