"""Say of recordings how likely their voices are fake: `python -m deepfake_audio.predict FILE ... [--detector DIR]`."""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .configs import command_line_errors
from .errors import UserError, one_line
from .listening.places import STDIN, Place, find_recordings, others_in_words
from .listening.telling import as_csv, as_json, printable, table
from .measured import in_words

if TYPE_CHECKING:
    from .detector import Detector
    from .verdict import Verdict

SOME_FAILED = 3

# Disks take 255 bytes in a name; a number, the suffix and that of a file in the making come to it.
MOST_NAME_BYTES = 200


def main(arguments: list[str] | None = None) -> int:
    """Score each file; exit with 0, 2 for bad use, 3 when some files could not be read or drawn."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        # A file name need not be text; what cannot be shown must not cost the other files their verdict.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
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

    if options.plot is not None:
        _make_folder(options.plot)
    folder = find_detector(options.detector)
    use = {"prevalence": options.prevalence, "max_false_alarm": options.max_false_alarm}
    with tempfile.TemporaryDirectory() as spool:
        # Before anything is read from a pipe: what is wrong with the command is said at once.
        detector = load_detector(folder, options.device, **use)
        others: list[str] = []
        places = find_recordings(options.files, sys.stdin.buffer, Path(spool), others)
        if others:
            print(f"note: {printable(others_in_words(others))}", file=sys.stderr)
        verdicts, unreadable, undrawn = _heard(detector, places, options.plot)
    if options.json:
        told = [verdict.to_dict() for verdict in verdicts] + unreadable
        print(as_json(told, sys.stdout.encoding or "utf-8"))
    elif options.csv:
        print(as_csv(verdicts, unreadable))
    else:
        print(table(verdicts))
        if any(value is not None for value in use.values()) and verdicts:
            print(f"(the threshold was moved: {detector.config['threshold']['how']})")
        elif verdicts and (words := in_words(detector.config)):
            print(f"({words})")
    for words in [*(failure["error"] for failure in unreadable), *undrawn]:
        print(f"error: {printable(words)}", file=sys.stderr)
    return SOME_FAILED if unreadable or undrawn else 0


def _make_folder(folder: Path) -> None:
    """Before anything is scored: verdicts are not to be lost for the sake of pictures."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--plot {folder} can't be made ({error.strerror}): give another folder") from None


def _heard(
    detector: Detector, places: list[Place], plots: Path | None
) -> tuple[list[Verdict], list[dict[str, str]], list[str]]:
    """The verdicts, the files of which there is none with the reason, and why pictures are missing."""
    verdicts: list[Verdict] = []
    unreadable: list[dict[str, str]] = []
    undrawn: list[str] = []
    with _progress(len(places)) as bar:
        for place in places:
            try:
                verdict = detector.predict(
                    place.path, progress=lambda seconds: bar.set_postfix_str(f"{seconds:.0f} s heard")
                )
                verdicts.append(replace(verdict, file=place.name))
            except UserError as error:
                words = one_line(error).replace(str(place.path), place.name)
                unreadable.append({"file": place.name, "error": words})
            else:
                if plots is not None:
                    undrawn += _failed_to_draw(detector, verdicts[-1], place, plots)
            bar.update()
    return verdicts, unreadable, undrawn


@contextmanager
def _progress(files: int) -> Iterator[Any]:
    """On a terminal only; a single file shows how much of it was heard."""
    from tqdm import tqdm

    with tqdm(
        total=files, desc="listening", unit="file", leave=False, disable=not sys.stderr.isatty()
    ) as bar:
        yield bar


def _failed_to_draw(detector: Detector, verdict: Verdict, place: Place, folder: Path) -> list[str]:
    """Why there is no picture, if there is none; the verdict stands without it."""
    try:
        _draw(detector, verdict, place, folder)
    except (UserError, OSError, ValueError, RuntimeError, MemoryError) as error:
        return [f"{place.name} has its verdict, but its picture could not be drawn ({one_line(error)})"]
    return []


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
    stem = printable(stem).replace("/", "_").lstrip(".-")
    stem = stem.encode()[:MOST_NAME_BYTES].decode(errors="ignore") or "recording"
    file, number = folder / f"{stem}.png", 2
    while file.exists():
        file, number = folder / f"{stem}-{number}.png", number + 1
    return file


if __name__ == "__main__":
    sys.exit(main())
