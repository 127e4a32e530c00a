"""Publish a detector: `python -m deepfake_audio.share RUN --to USER/NAME`, or `--folder DIR`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .configs import command_line_errors
from .errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Check the detector, write its card, and put both where others find them."""
    parser = argparse.ArgumentParser(
        prog="python -m deepfake_audio.share",
        description="Publish a run's detector to the Hugging Face Hub or into a folder: its weights, config and card, "
        "and nothing of the run's clips.",
    )
    parser.add_argument("source", type=Path, metavar="RUN", help="a run, or its detector/ folder")
    parser.add_argument(
        "--to", metavar="USER/NAME", help="a name on the hub, which is made if it is not there"
    )
    parser.add_argument("--folder", type=Path, metavar="DIR", help="a folder, which must not be there yet")
    parser.add_argument("--private", action="store_true", help="with --to: for you alone")
    parser.add_argument("--revision", metavar="BRANCH", help="with --to: a branch other than main")
    parser.add_argument(
        "--overwrite", action="store_true", help="with --folder: replace a detector that is there"
    )
    parser.add_argument(
        "--license", metavar="NAME", help="of the weights, as the hub names it: apache-2.0, say"
    )
    parser.add_argument(
        "--language",
        nargs="+",
        metavar="CODE",
        help="that the training data speaks, as far as it is known: en, say",
    )
    options = parser.parse_args(arguments)
    with command_line_errors():
        _share(options)
    return 0


def _share(options: argparse.Namespace) -> None:
    if (options.to is None) == (options.folder is None):
        raise UserError("give --to USER/NAME for the hub, or --folder DIR")
    if options.to is None and (options.private or options.revision):
        raise UserError("--private and --revision are for --to")
    if options.to is not None and options.overwrite:
        raise UserError("--overwrite is for --folder; on the hub a commit is added, and the older ones stay")
    from .sharing import publish, push_to_hub

    said = {"license": options.license, "language": options.language}
    if options.to is not None:
        print(push_to_hub(options.source, options.to, options.private, revision=options.revision, **said))
        print(f"use it: deepfake-audio predict FILE --detector {options.to}")
        return
    print(f"detector: {publish(options.source, options.folder, options.overwrite, **said)}")


if __name__ == "__main__":
    sys.exit(main())
