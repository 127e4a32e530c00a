"""Show which part of a recording a verdict rests on: `python -m deepfake_audio.explain FILE --detector DIR`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .configs import command_line_errors
from .errors import UserError
from .probability import beside

METHODS = ("gradcam", "integrated_gradients", "lime")


def main(arguments: list[str] | None = None) -> int:
    """Explain one recording into a folder, or a run's examples into its report."""
    parser = argparse.ArgumentParser(
        prog="python -m deepfake_audio.explain",
        description="Show which part of a recording a detector's verdict rests on, over time and frequency; how much "
        "of it is silence; and whether taking it away changes the verdict.",
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the recording")
    parser.add_argument(
        "--detector",
        metavar="DIR",
        help="detector/ of a run, the run, or USER/NAME on the hub (default: the one in the package)",
    )
    parser.add_argument(
        "--method", choices=METHODS, help="default: gradcam, or lime for networks that have no maps"
    )
    parser.add_argument("--layer", metavar="NAME", help="what Grad-CAM looks at (default: the last)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: FILE's name with _explained, here")
    parser.add_argument(
        "--windows",
        type=int,
        default=6,
        metavar="N",
        help="explain at most so many, those that speak most for the verdict (default 6)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of LIME and of random orders (default 0)")
    parser.add_argument("--json", action="store_true", help="print what explanation.json holds")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    parser.add_argument(
        "--examples",
        type=Path,
        metavar="RUN",
        help="instead: explain a run's telling test clips in its report",
    )
    parser.add_argument(
        "--clips",
        type=Path,
        nargs="+",
        metavar="TABLE",
        help="with --examples: the clip table, if it has moved",
    )
    options = parser.parse_args(arguments)
    with command_line_errors():
        if options.examples:
            _examples(options)
        else:
            _explain(options)
    return 0


def _explain(options: argparse.Namespace) -> None:
    if options.file is None:
        raise UserError("give a recording, or --examples RUN")
    from .detector import load_detector, read_recording
    from .explaining import explain
    from .report.explanation_page import folder_for, write_explanation
    from .sharing import find_detector

    folder = options.out or Path(f"{options.file.stem}_explained")
    with folder_for(folder):
        detector = load_detector(find_detector(options.detector), options.device)
        waveform = read_recording(options.file, detector.sample_rate)
        told = explain(
            detector,
            waveform,
            options.method,
            options.layer,
            name=str(options.file),
            most_windows=options.windows,
            seed=options.seed,
        )
        page = write_explanation(told, waveform, detector.sample_rate, folder)
    if options.json:
        print(json.dumps(told.to_dict(), indent=2, ensure_ascii=False))
        return
    verdict = told.verdict
    p_fake, threshold = beside(verdict.p_fake, verdict.threshold)
    print(f"{verdict.file}: P(fake) {p_fake}, {verdict.in_words} (fake from {threshold} on)")
    trusted = told.faithfulness.words if told.faithfulness else ""
    for line in (*verdict.doubts, *verdict.warnings, told.words, told.chosen_windows, trusted, told.how):
        if line:
            print(line)
    print(f"page: {page}")


def _examples(options: argparse.Namespace) -> None:
    if options.file is not None or options.detector is not None:
        raise UserError(
            "--examples takes the detector and the recordings of the run: leave FILE and --detector out"
        )
    from .report.examples_page import write_examples

    page = write_examples(options.examples, tables=options.clips, device=options.device)
    if page is None:
        raise UserError(f"{options.examples} has no test scores, so there is nothing to explain")
    print(f"examples: {page}")


if __name__ == "__main__":
    sys.exit(main())
