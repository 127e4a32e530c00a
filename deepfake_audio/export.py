"""Write a detector as one file, for other runtimes: `python -m deepfake_audio.export --detector DIR --format onnx`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .configs import command_line_errors
from .errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .exporting.int8 import Loss

SUFFIXES = {"onnx": ".onnx", "torchscript": ".pt"}


def main(arguments: list[str] | None = None) -> int:
    """Write the file, and the page if one is asked for; say how far it is from the detector."""
    parser = argparse.ArgumentParser(
        prog="python -m deepfake_audio.export",
        description="Write a detector as one file, front end and calibration inside: waveform in, P(fake) out.",
    )
    parser.add_argument(
        "--detector",
        metavar="DIR",
        help="detector/ of a run, the run, or user/name on the Hugging Face Hub (default: the one that comes with the "
        "package)",
    )
    parser.add_argument("--format", choices=SUFFIXES, default="onnx", help="onnx (default) or torchscript")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: detector.onnx or detector.pt here")
    parser.add_argument(
        "--int8", action="store_true", help="whole numbers of 8 bits; its loss is measured on validation"
    )
    parser.add_argument(
        "--run",
        type=Path,
        metavar="RUN_DIR",
        help="whose validation --int8 is measured on, if --detector is no run",
    )
    parser.add_argument(
        "--clips",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="that run's clip table, where it has moved since",
    )
    parser.add_argument("--page", type=Path, metavar="DIR", help="also a page that runs it in a browser")
    parser.add_argument(
        "--onnxruntime-web",
        type=Path,
        metavar="DIR",
        help="a node_modules that has it (default: npm fetches it)",
    )
    options = parser.parse_args(arguments)
    with command_line_errors():
        return _export(options)
    raise AssertionError("unreachable: errors leave by sys.exit")


def _export(options: argparse.Namespace) -> int:
    if options.format == "torchscript" and (options.int8 or options.page):
        raise UserError("--int8 and --page are for --format onnx")
    from .detector import load_detector
    from .sharing import find_detector

    place = find_detector(options.detector)
    out: Path = options.out or Path("detector").with_suffix(SUFFIXES[options.format])
    if out.is_dir():
        raise UserError(f"--out={out} is a folder: give the file's name")
    detector = load_detector(place)
    if options.int8:
        clips = _validation(options.run or place, options.clips)
    if options.page:
        # Before the work is done, not after.
        from .exporting.page import runtime_folder, write_page

        if options.onnxruntime_web:
            runtime_folder(options.onnxruntime_web)
    if options.format == "torchscript":
        from .exporting.torchscript import export_torchscript

        apart = export_torchscript(detector, out)
    else:
        from .exporting.onnx_file import export_onnx

        apart = export_onnx(detector, out)
    print(f"{out}: {_megabytes(out)}, P(fake) within {apart:.1g} of the detector's")
    if options.int8:
        before = _megabytes(out)
        print(f"{_in_8_bits(out, *clips).in_words()}\n{out}: {before} -> {_megabytes(out)}")
    if options.page:
        write_page(options.page, out, options.onnxruntime_web)
        print(f"page: python -m http.server --directory {options.page}, then open http://localhost:8000")
    return 0


def _in_8_bits(out: Path, files: list[Path], labels: NDArray[np.int64]) -> Loss:
    """The file turned into one of 8 bits once that was measured; until then the old one stays."""
    from .exporting.int8 import measure, quantise, tell
    from .files import replacing

    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder, "int8.onnx")
        small.write_bytes(out.read_bytes())
        quantise(small, files)
        loss = measure(out, small, files, labels)
        tell(small, loss)
        with replacing(out) as part:
            part.write_bytes(small.read_bytes())
    return loss


def _validation(run: Path, tables: list[Path] | None) -> tuple[list[Path], NDArray[np.int64]]:
    """The files of a run's validation clips, and their labels."""
    from .runs import RunFolder
    from .tested import tested_clips

    if run.name == "detector" and RunFolder(run.parent).metrics.is_file():
        run = run.parent
    if not RunFolder(run).metrics.is_file():
        raise UserError(
            f"--int8 is measured on a run's validation clips, and {run} is no run: give it with --run RUN_DIR"
        )
    clips, root = tested_clips(RunFolder(run), tables, "val")
    return [root / path for path in clips["path"]], clips["label"].to_numpy()


def _megabytes(file: Path) -> str:
    return f"{file.stat().st_size / 1e6:.2f} MB"


if __name__ == "__main__":
    sys.exit(main())
